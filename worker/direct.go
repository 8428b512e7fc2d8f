package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"initiator/worker/call"
)

// handleDirect answers POST /, the direct listener for callers without an
// initiator (toto's WorkerConnection, [call.Pool], curl). The call {"method":
// …, "parameters": …} runs in a slot like any task, and its result is the body
// of the answer. Every error is a JSON value with its HTTP status
// (docs/worker-contract.md, section 3).
func (s *server) handleDirect(w http.ResponseWriter, r *http.Request) {
	if fault := s.authorizeDirect(r); fault != nil {
		fault.writeFault(w, call.JSON)
		return
	}
	if fault := s.admitCaller(w, r); fault != nil {
		fault.writeFault(w, call.JSON)
		return
	}
	request, fault := s.readCall(w, r)
	defer func() { request.release() }()
	if fault != nil {
		fault.writeFault(w, request.codec)
		return
	}
	// The server's deadlines limit the time to read and to write bytes. A
	// method may take as long as its caller waits.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	result, fault := s.runDirect(r, request)
	_ = control.SetWriteDeadline(time.Now().Add(s.options.ReadTimeout))
	switch {
	case fault != nil:
		fault.writeFault(w, request.codec)
	case r.Context().Err() == nil:
		request.writeResult(w, result)
	}
}

// authorizeDirect checks whether the request may call. With direct = open
// every program on this machine may call.
func (s *server) authorizeDirect(r *http.Request) *directFault {
	if s.directMode == "open" {
		return nil
	}
	code := s.checkOwnBearer(r.Header)
	if code.OK() {
		return nil
	}
	return &directFault{status: http.StatusUnauthorized, code: codeNotAuthorized, value: quoteJSON(code.Message + " Send Authorization: Bearer with the worker's token, or set direct = open.")}
}

// directSeq numbers direct calls. The ids of direct calls differ from the ids
// of the initiator's tasks, because the initiator cancels tasks that it does
// not know.
var directSeq atomic.Uint64

var errClientGone = errors.New("the caller has gone")

// runDirect runs a call in a slot and waits until it ends or the caller has
// gone. The call's outcome is not remembered, because no caller can ask for
// the same call again.
func (s *server) runDirect(r *http.Request, request directCall) (json.RawMessage, *directFault) {
	if _, err := s.methods.lookupHandler(request.method); err != nil {
		return nil, &directFault{status: http.StatusNotFound, code: codeServer, value: quoteJSON(err.Error())}
	}
	defer s.executor.holdDrain()() // a drain waits until the answer is written
	run, err := s.executor.startTask(s.baseContext, r, Task{
		ID: "direct-" + strconv.FormatUint(directSeq.Add(1), 10), Method: request.method, Attempt: 1,
		Traceparent: r.Header.Get("Traceparent"), Data: request.parameters, unrepeatable: true,
	})
	request.release() // the slots limit the parameters of calls that run
	if err != nil {
		return nil, s.notStartedFault(err)
	}
	stop := context.AfterFunc(r.Context(), func() { run.context.endContext(errClientGone) })
	defer stop()
	select {
	case <-run.doneChannel():
	case <-r.Context().Done():
		return nil, nil // the slot is free when the handler has returned
	}
	if o := run.finalOutcome(); !o.Completed {
		return nil, failureFault(o.Result)
	}
	return run.finalOutcome().Result, nil
}

// callAgainAfter is when a caller may call again whose call did not run.
const callAgainAfter = time.Second

// notStartedFault returns the answer when no slot was free or BeforeTask
// refused. The call did not run, so the caller can safely ask another worker.
func (s *server) notStartedFault(err error) *directFault {
	fault := &directFault{status: http.StatusServiceUnavailable, code: codeServer, retryAfter: callAgainAfter}
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errDraining), errors.Is(err, errQuiet):
		fault.value = quoteJSON(err.Error())
	default:
		fault.value = faultValue(refusalDataOf(err))
		if refuse, ok := asError[TaskRefuse](err); ok && refuse.RetryAfter > 0 {
			fault.retryAfter = refuse.RetryAfter
		}
	}
	return fault
}
