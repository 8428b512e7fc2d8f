package worker

import (
	"context"
	"encoding/json"
	"errors"
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

// report is a request that reports the outcome of a task.
type report struct {
	path    string
	body    webhook.ResultBody
	outcome taskOutcome
}

func makeReport(task webhook.TaskRef, o taskOutcome) report {
	r := report{path: "/slave/task/fail", outcome: o, body: webhook.ResultBody{
		Task:   webhook.TaskRef{ID: task.ID, Method: task.Method, Attempt: task.Attempt},
		Result: o.Result, Retry: o.Retry,
	}}
	if o.Completed {
		r.path = "/slave/task/complete"
	}
	if o.Stopped {
		r.body.Code = webhook.ShuttingDown.Number
	}
	return r
}

// reportOutcome sends the outcome of a task to the master that gave it. When
// this master is lost and the worker keeps its tasks, the next master gets the
// outcome. Each report carries the id and attempt of its own task.
func (s *server) reportOutcome(sess *session, task webhook.TaskRef, o taskOutcome) {
	r := makeReport(task, o)
	if s.deliverReport(sess, &r) || !s.keep {
		return
	}
	grace, cancel := context.WithTimeout(s.reportContext, s.orphanGrace)
	defer cancel()
	for sess = s.awaitSession(grace, sess); sess != nil; sess = s.awaitSession(grace, sess) {
		if s.deliverReport(sess, &r) {
			return
		}
	}
	s.log.Warn("a result was dropped: no master has connected in time", "task", task.ID, "attempt", task.Attempt)
}

// deliverReport sends a report until the master answers or the session ends. It
// returns true when the master has answered. When the master cannot take the
// outcome, r becomes the report of a final failure that says so.
func (s *server) deliverReport(sess *session, r *report) bool {
	for try := 0; ; try++ {
		answer := s.putReport(sess, *r)
		switch answer.kind {
		case reportTaken:
			return true
		case reportUndeliverable:
			o := undeliverableOutcome(r.outcome, answer.err.Error())
			s.log.Error("the master cannot take the outcome of a task; the task fails", "task", r.body.Task.ID, "attempt", r.body.Task.Attempt, "reason", failureText(o.Result))
			if r.outcome.undeliverable {
				return true // not even the report of a failure
			}
			*r = makeReport(r.body.Task, o)
			continue
		case reportAgain:
			s.log.Warn("report a result", "task", r.body.Task.ID, "try", try+1, "error", answer.err)
		}
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

// reportAnswer is what the answer to a report means for the worker.
type reportAnswer struct {
	kind reportAnswerKind
	err  error // why the report is not taken
}

type reportAnswerKind int

const (
	// reportTaken: the master has the outcome, or does not want it.
	reportTaken reportAnswerKind = iota
	// reportAgain: the report must be sent again.
	reportAgain
	// reportUndeliverable: the master cannot take this outcome.
	reportUndeliverable
)

// putReport sends a report once.
func (s *server) putReport(sess *session, r report) reportAnswer {
	ctx, cancel := context.WithTimeout(sess.ctx, reportTimeout)
	defer cancel()
	envelope, status, err := sess.master.Do(ctx, http.MethodPut, r.path, sess.token, r.body)
	answer := judgeReport(envelope, status, err)
	if answer.kind == reportTaken && !envelope.Success {
		s.log.Warn("the master refused a result", "task", r.body.Task.ID, "attempt", r.body.Task.Attempt, "code", envelope.Code, "message", envelope.Message)
	}
	return answer
}

// judgeReport decides what the answer to a report means. A refusal counts as
// taken, because the master knows better: the task may run elsewhere by now.
// When the master shuts down or has a fault, or another server answers, the
// report is sent again. With status 400 and 413 the master refuses the outcome
// itself, as malformed or too large; 413 may also come from a proxy.
func judgeReport(e proactor.Envelope, status int, err error) reportAnswer {
	var stranger *webhook.EnvelopeError
	switch {
	case errors.As(err, &stranger) && stranger.Status == http.StatusRequestEntityTooLarge:
		return reportAnswer{reportUndeliverable, errors.New("it is too large for a server on the way (HTTP 413)")}
	case err != nil:
		return reportAnswer{reportAgain, err}
	case webhook.ShuttingDown.Matches(e):
		return reportAnswer{reportAgain, errors.New("the master is shutting down")}
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return reportAnswer{reportAgain, fmt.Errorf("the master answered HTTP %d: %s", status, e.Message)}
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return reportAnswer{reportUndeliverable, errors.New(e.Message)}
	}
	return reportAnswer{kind: reportTaken}
}

// undeliverableOutcome returns the final failure that takes the place of an
// outcome that the master refused for that reason.
func undeliverableOutcome(o taskOutcome, reason string) taskOutcome {
	what := "failure"
	if o.Completed {
		what = "result"
	}
	return taskOutcome{
		Result:        messageJSON(fmt.Sprintf("its %s has %s and was refused: %s", what, sizeText(len(o.Result)), reason)),
		undeliverable: true,
	}
}

// sizeText writes a number of bytes for people.
func sizeText(bytes int) string {
	if bytes >= 1<<20 {
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// failureText returns the message in the result of a failure, or "".
func failureText(result json.RawMessage) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(result, &said) != nil {
		return ""
	}
	return said.Message
}
