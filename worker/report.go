package worker

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// A result is sent up to five more times with a second between attempts, as in
// the original. After that it is sent until the session ends, with growing
// pauses.
const (
	quickRetries  = 5
	slowestRetry  = 15 * time.Second
	reportTimeout = 30 * time.Second
)

// reportOutcome sends the outcome of a task to the master that gave it. When
// this master is lost and the worker keeps its tasks, the next master gets the
// outcome. Each report carries the id and attempt of its own task.
func (s *server) reportOutcome(sess *session, task proactor.TaskRef, o taskOutcome) {
	path := "/slave/task/fail"
	if o.Completed {
		path = "/slave/task/complete"
	}
	body := proactor.ResultBody{
		Task:   proactor.TaskRef{ID: task.ID, Method: task.Method, Attempt: task.Attempt},
		Result: o.Result, Retry: o.Retry,
	}
	if s.deliverResult(sess, path, body) || !s.keep {
		return
	}
	grace, cancel := context.WithTimeout(s.reportContext, s.orphanGrace)
	defer cancel()
	for sess = s.awaitSession(grace, sess); sess != nil; sess = s.awaitSession(grace, sess) {
		if s.deliverResult(sess, path, body) {
			return
		}
	}
	s.log.Warn("a result was dropped: no master has connected in time", "task", task.ID, "attempt", task.Attempt)
}

// deliverResult sends a result until the master answers or the session ends.
// It returns true when the master has answered.
func (s *server) deliverResult(sess *session, path string, body proactor.ResultBody) bool {
	for try := 0; ; try++ {
		answered, err := s.putResult(sess, path, body)
		if answered {
			return true
		}
		s.log.Warn("report a result", "task", body.Task.ID, "try", try+1, "error", err)
		select {
		case <-sess.ctx.Done():
			return false
		case <-time.After(retryWait(s.options.RetryWait, try)):
		}
	}
}

// retryWait returns the pause after the given number of failed attempts, from
// 0.
func retryWait(wait time.Duration, try int) time.Duration {
	if try < quickRetries {
		return wait
	}
	return min(wait<<min(try-quickRetries+1, 10), max(slowestRetry, wait))
}

// putResult sends a result once. A refusal counts as an answer, because the
// master knows better: the task may run elsewhere by now. When the master
// shuts down, or another server answers, the result is sent again.
func (s *server) putResult(sess *session, path string, body proactor.ResultBody) (answered bool, err error) {
	ctx, cancel := context.WithTimeout(sess.ctx, reportTimeout)
	defer cancel()
	envelope, _, err := sess.master.Do(ctx, http.MethodPut, path, sess.token, body)
	if err != nil {
		return false, err
	}
	if webhook.ShuttingDown.Matches(envelope) {
		return false, fmt.Errorf("the master is shutting down")
	}
	if !envelope.Success {
		s.log.Warn("the master refused a result", "task", body.Task.ID, "attempt", body.Task.Attempt, "code", envelope.Code, "message", envelope.Message)
	}
	return true, nil
}
