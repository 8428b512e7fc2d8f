package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"initiator/internal/loopback"
	"initiator/worker/call"
)

// direct answers POST /, the door for callers without an initiator (toto's
// WorkerConnection, [call.Pool], curl): {"method": …, "parameters": …} is run in a
// slot like any task, and its result is the answer's body. Everything else is
// an error value with its HTTP status (wire/webhooks.md, section 3).
func (s *server) direct(w http.ResponseWriter, r *http.Request) {
	if fault := s.admit(r); fault != nil {
		fault.write(w, call.JSON)
		return
	}
	request, fault := s.readCall(w, r)
	if fault != nil {
		fault.write(w, request.codec)
		return
	}
	// The server's deadlines are for what can be read and written at once;
	// a method may take as long as its caller waits.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	result, fault := s.perform(r, request)
	_ = control.SetWriteDeadline(time.Now().Add(s.options.ReadTimeout))
	switch {
	case fault != nil:
		fault.write(w, request.codec)
	case r.Context().Err() == nil:
		request.answer(w, result)
	}
}

// admit says who may call. With direct = open anybody on this machine may,
// which must not mean any web page that a person on this machine looks at: a
// browser names an Origin, and a name that was bound to 127.0.0.1 by somebody
// else shows in Host.
func (s *server) admit(r *http.Request) *directFault {
	if s.directMode == "open" {
		if loopback.IsFromWebPage(r) {
			return &directFault{status: http.StatusForbidden, code: codeNotAuthorized, value: quote("the open door is for programs on this machine, not for web pages")}
		}
		return nil
	}
	code := s.ownBearer(r.Header)
	if code.OK() {
		return nil
	}
	return &directFault{status: http.StatusUnauthorized, code: codeNotAuthorized, value: quote(code.Message + " Send Authorization: Bearer with the worker's token, or set direct = open.")}
}

// directSeq numbers direct calls. Their ids are made so that they cannot be
// those of an initiator's tasks: one that it does not know it would cancel.
var directSeq atomic.Uint64

var errClientGone = errors.New("the caller has gone")

// perform runs a call in a slot and waits for it, or until the caller goes.
// Nobody can ask for the call again, so it is not remembered.
func (s *server) perform(r *http.Request, request directCall) (json.RawMessage, *directFault) {
	if _, err := s.methods.lookup(request.method); err != nil {
		return nil, &directFault{status: http.StatusNotFound, code: codeServer, value: quote(err.Error())}
	}
	defer s.executor.Hold()() // a drain waits until the answer is written
	run, err := s.executor.Start(s.base, r, Task{
		ID: "direct-" + strconv.FormatUint(directSeq.Add(1), 10), Method: request.method, Attempt: 1,
		Traceparent: r.Header.Get("Traceparent"), Data: request.parameters, once: true,
	})
	if err != nil {
		return nil, s.notTaken(err)
	}
	stop := context.AfterFunc(r.Context(), func() { run.context.end(errClientGone) })
	defer stop()
	select {
	case <-run.Done():
	case <-r.Context().Done():
		return nil, nil // its slot is free when the handler has noticed
	}
	if o := run.Outcome(); !o.Completed {
		return nil, failed(o.Result)
	}
	return run.Outcome().Result, nil
}

// notTaken is the answer where no slot was to be had, or BeforeTask refused.
// The call was not run, so another worker can be asked without a risk.
func (s *server) notTaken(err error) *directFault {
	fault := &directFault{status: http.StatusServiceUnavailable, code: codeServer, retry: time.Second}
	switch {
	case errors.Is(err, ErrBusy), errors.Is(err, ErrDraining), errors.Is(err, ErrQuiet):
		fault.value = quote(err.Error())
	default:
		fault.value = faultValue(refusalOf(err))
		if refuse, ok := as[TaskRefuse](err); ok && refuse.RetryAfter > 0 {
			fault.retry = refuse.RetryAfter
		}
	}
	return fault
}
