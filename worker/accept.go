package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"initiator/proactor"
)

// taskNew takes a task: "Task received!" means that it is accepted, not done.
func (s *server) taskNew(w http.ResponseWriter, r *http.Request) {
	now := s.current.Load()
	checks := s.sessionChecks()
	checks.Token = func(token string) bool { return now != nil && proactor.TokenEqual(token, now.token) }
	if _, code := checks.Check(r.Header); !code.OK() {
		s.refuse(w, code)
		return
	}
	var body proactor.TaskBody
	if !s.body(w, r, &body) {
		return
	}
	if body.Task.ID == "" || len(body.Task.ID) > 255 {
		proactor.BadBody.Write(w, "task.id is missing or longer than 255 bytes", nil)
		return
	}
	defer s.executor.Hold()() // or a drain could end before the report begins
	run, err := s.accept(now, body)
	if err != nil {
		s.refuseTask(w, err)
		return
	}
	if answer, ok := inline(r.Context(), now.ctx, run, body.Task.InlineMS); ok {
		proactor.Success.Write(w, proactor.MessageTask, answer)
		return
	}
	proactor.Success.Write(w, proactor.MessageTask, nil)
	_ = http.NewResponseController(w).Flush() // the answer leaves before the result can
	run.Then(now, func(o Outcome) { s.report(now, body.Task, o) })
}

var errSessionOver = errors.New("the session has ended")

func (s *server) accept(now *session, body proactor.TaskBody) (*Execution, error) {
	ctx := now.ctx
	if s.keep {
		ctx = s.base // its tasks outlive the session
	}
	run, err := s.executor.Start(ctx, s, Task{
		ID: body.Task.ID, Method: body.Task.Method, Attempt: body.Task.Attempt,
		Deadline: body.Task.Deadline, Traceparent: body.Task.Traceparent, Data: body.Data,
	})
	if err != nil {
		return nil, err
	}
	if now.ctx.Err() != nil && !s.keep {
		// It ended between the check of its token and the start, which
		// Abandon therefore missed.
		run.Abandon(context.Cause(now.ctx))
		return nil, errSessionOver
	}
	return run, nil
}

func (s *server) refuseTask(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrBusy):
		s.refuse(w, proactor.SlaveBusy)
	case errors.Is(err, ErrDraining):
		s.refuse(w, proactor.ShuttingDown)
	case errors.Is(err, errSessionOver):
		s.refuse(w, proactor.WrongToken)
	case errors.Is(err, ErrQuiet):
		proactor.TaskRefused.Write(w, "", refusal(TaskRefuse{Data: message(err), RetryAfter: s.span}))
	default:
		proactor.TaskRefused.Write(w, "", refusalOf(err))
	}
}

// inline waits as long as the request asked for and returns the outcome as the
// answer's data.
func inline(client, session context.Context, run *Execution, ms int) (json.RawMessage, bool) {
	if ms <= 0 {
		return nil, false
	}
	patience := time.NewTimer(min(time.Duration(ms)*time.Millisecond, maxInline))
	defer patience.Stop()
	select {
	case <-run.Done():
	case <-patience.C:
		return nil, false
	case <-client.Done():
		return nil, false
	case <-session.Done():
		select {
		case <-run.Done(): // both at once: the last task of a worker that drains
		default: // of an abandoned task no outcome comes
			return nil, false
		}
	}
	o := run.Outcome()
	answer := proactor.TaskAnswer{Status: proactor.StatusFailed, Result: o.Result, Retry: o.Retry}
	if o.Completed {
		answer.Status = proactor.StatusCompleted
	}
	return answer.AppendJSON(nil), true
}
