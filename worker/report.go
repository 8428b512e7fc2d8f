package worker

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"initiator/proactor"
)

// How a result is delivered: as the original, five more times a second apart;
// then for as long as the session lasts, ever more slowly.
const (
	quickRetries  = 5
	slowestRetry  = 15 * time.Second
	reportTimeout = 30 * time.Second
)

// reportOutcome delivers the outcome of a task to the master that gave it. When that
// one is lost and the worker is marked keep, the next master gets it. Each
// outcome carries its own task's id and attempt: there is no "current" task.
func (s *server) reportOutcome(now *session, task proactor.TaskRef, o taskOutcome) {
	path := "/slave/task/fail"
	if o.Completed {
		path = "/slave/task/complete"
	}
	body := proactor.ResultBody{
		Task:   proactor.TaskRef{ID: task.ID, Method: task.Method, Attempt: task.Attempt},
		Result: o.Result, Retry: o.Retry,
	}
	if s.deliverResult(now, path, body) || !s.keep {
		return
	}
	grace, cancel := context.WithTimeout(s.reportContext, s.orphanGrace)
	defer cancel()
	for now = s.awaitSession(grace, now); now != nil; now = s.awaitSession(grace, now) {
		if s.deliverResult(now, path, body) {
			return
		}
	}
	s.log.Warn("a result found no master", "task", task.ID, "attempt", task.Attempt)
}

// deliverResult tries until the master has answered, which is true, or the session
// has ended.
func (s *server) deliverResult(now *session, path string, body proactor.ResultBody) bool {
	for try := 0; ; try++ {
		answered, err := s.putResult(now, path, body)
		if answered {
			return true
		}
		s.log.Warn("report a result", "task", body.Task.ID, "try", try+1, "error", err)
		select {
		case <-now.ctx.Done():
			return false
		case <-time.After(retryWait(s.options.RetryWait, try)):
		}
	}
}

// retryWait is the pause after the given number of failed tries, from 0.
func retryWait(wait time.Duration, try int) time.Duration {
	if try < quickRetries {
		return wait
	}
	return min(wait<<min(try-quickRetries+1, 10), max(slowestRetry, wait))
}

// putResult is one try. A refusal is an answer: the master knows better, for one
// because the task runs elsewhere by now. Only while it shuts down, or when
// something else than a master answered, is it asked again.
func (s *server) putResult(now *session, path string, body proactor.ResultBody) (answered bool, err error) {
	ctx, cancel := context.WithTimeout(now.ctx, reportTimeout)
	defer cancel()
	envelope, _, err := now.master.Do(ctx, http.MethodPut, path, now.token, body)
	if err != nil {
		return false, err
	}
	if envelope.Is(proactor.ShuttingDown) {
		return false, fmt.Errorf("the master is shutting down")
	}
	if !envelope.Success {
		s.log.Warn("the master refused a result", "task", body.Task.ID, "attempt", body.Task.Attempt, "code", envelope.Code, "message", envelope.Message)
	}
	return true, nil
}
