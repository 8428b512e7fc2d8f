package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"initiator/internal/stream"
	"initiator/internal/webhook"
)

// handleTaskNew answers POST /task/new. The answer "Task received!" means that
// the task is accepted, not that it is done.
func (s *server) handleTaskNew(w http.ResponseWriter, r *http.Request) {
	sess := s.current.Load()
	checks := s.sessionChecks()
	checks.Token = func(token string) bool { return sess != nil && webhook.TokenEqual(token, sess.token) }
	if _, code := checks.CheckHeader(r.Header); !code.OK() {
		s.writeCode(w, code)
		return
	}
	markMaster(r)
	var body webhook.TaskBody
	release, ok := s.readBody(w, r, fromMaster, s.options.BodyLimit, &body)
	if !ok {
		return
	}
	release = sync.OnceFunc(release)
	defer release()
	if body.Task.ID == "" || len(body.Task.ID) > 255 {
		webhook.BadBody.WriteAnswer(w, "task.id is missing or longer than 255 bytes", nil)
		return
	}
	defer s.executor.holdDrain()() // otherwise a drain could end before the report begins
	t := taskFromBody(body)
	run, err := s.startSessionTask(sess, &t, t.makeKey(), waiter{})
	release() // the slots limit the data of tasks that run
	if err != nil {
		code, data := refusedTask(err, s.heartbeatSpan)
		code.WriteAnswer(w, "", data)
		return
	}
	if o, ok := waitInline(r.Context(), sess.ctx, run, body.Task.InlineMS); ok && o.fitsInline() {
		writeInline(w, o)
		return
	}
	sent := make(chan struct{})
	defer close(sent)
	run.notifyWhenDone(sess, func(o taskOutcome) {
		<-sent // the answer must leave before the result
		s.reportOutcome(sess, body.Task, o)
	})
	webhook.Success.WriteAnswer(w, webhook.MessageTask, nil)
	_ = http.NewResponseController(w).Flush()
}

var errSessionOver = errors.New("the session has ended")

func taskFromBody(body webhook.TaskBody) Task {
	ref := body.Task
	return Task{ID: ref.ID, Method: ref.Method, Attempt: ref.Attempt, Deadline: ref.Deadline, Traceparent: ref.Traceparent, Data: body.Data}
}

// wireRef names the task in a report of its outcome.
func (t Task) wireRef() webhook.TaskRef {
	return webhook.TaskRef{ID: t.ID, Method: t.Method, Attempt: t.Attempt}
}

// startSessionTask starts a task that belongs to a session, for every
// transport. It notifies w of the outcome, unless w is zero.
func (s *server) startSessionTask(sess *session, t *Task, key attemptKey, w waiter) (*execution, error) {
	ctx := sess.ctx
	if s.keep {
		ctx = s.baseContext // its tasks outlive the session
	}
	run, err := s.executor.startAndNotify(ctx, s, t, key, w)
	if err != nil {
		return nil, err
	}
	if sess.ctx.Err() != nil && !s.keep {
		// The session ended between the check of its token and the start of
		// the task, so abandonTasks has missed the task.
		run.abandonRun(context.Cause(sess.ctx))
		return nil, errSessionOver
	}
	return run, nil
}

// refusedTask returns the code and data for a task that was not started.
func refusedTask(err error, span time.Duration) (webhook.Code, json.RawMessage) {
	switch {
	case errors.Is(err, errBusy):
		return webhook.SlaveBusy, nil
	case errors.Is(err, errDraining):
		return webhook.ShuttingDown, nil
	case errors.Is(err, errSessionOver):
		return webhook.WrongToken, nil
	case errors.Is(err, errQuiet):
		return webhook.TaskRefused, refusalJSON(TaskRefuse{Data: messageJSON(err.Error()), RetryAfter: span})
	}
	return webhook.TaskRefused, refusalDataOf(err)
}

// waitInline waits for the outcome for as long as the request has asked. It
// returns false when there is no outcome in time.
func waitInline(client, session context.Context, run *execution, ms int) (none taskOutcome, ok bool) {
	if ms <= 0 {
		return none, false
	}
	patience := time.NewTimer(min(time.Duration(ms)*time.Millisecond, maxInline))
	defer patience.Stop()
	select {
	case <-run.doneChannel():
	case <-patience.C:
		return none, false
	case <-client.Done():
		return none, false
	case <-session.Done():
		select {
		case <-run.doneChannel(): // both at once: the last task of a worker that drains
		default: // an abandoned task has no outcome
			return none, false
		}
	}
	return run.finalOutcome(), true
}

// fitsInline reports whether the outcome may be in the answer to POST
// /task/new. A larger outcome is reported, because the master can refuse a
// report that is too large, and the worker learns of it.
func (o taskOutcome) fitsInline() bool { return len(o.Result) <= stream.MaxPayload }

// writeInline writes the answer to POST /task/new that holds the outcome.
func writeInline(w http.ResponseWriter, o taskOutcome) {
	if o.Stopped {
		webhook.ShuttingDown.WriteAnswer(w, failureText(o.Result), o.Result)
		return
	}
	answer := webhook.TaskAnswer{Status: webhook.StatusFailed, Result: o.Result, Retry: o.Retry}
	if o.Completed {
		answer.Status = webhook.StatusCompleted
	}
	webhook.Success.WriteAnswer(w, webhook.MessageTask, json.RawMessage(webhook.AppendTaskAnswer(nil, answer)))
}
