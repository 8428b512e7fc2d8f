package dispatch

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/google/uuid"

	"initiator/internal/webhook"
	"initiator/proactor"
)

const (
	// inlineMS is how long, in milliseconds, a worker may hold back its answer
	// to /task/new in order to include the outcome: one request instead of two.
	inlineMS = 1000
	// postTimeout limits one POST /task/new.
	postTimeout = 10 * time.Second
	// The delay between two tries of the same POST doubles from the first to
	// the maximum.
	firstPostDelay = 50 * time.Millisecond
	maxPostDelay   = time.Second
	// maxStrangeAnswers is the number of answers without an envelope after
	// which the attempt counts as lost.
	maxStrangeAnswers = 3
)

// postUntilAnswered sends one attempt to its worker and reports the answer to
// the loop. It runs in a goroutine of its own, until the worker has answered or
// the attempt has ended.
//
// A transport error does not show what the worker has done, so the same request
// is made again. A worker with our protocol knows id and attempt number and
// runs nothing twice. A legacy worker knows neither: it answers "busy" while it
// has the task. That answer to a repeated request therefore does not mean that
// the task was refused; the result may be on its way. If it has finished the
// task, it runs the task again, so a task with at_most_once is not sent again.
func (d *Dispatcher) postUntilAnswered(p *workerConn, r *attempt, body webhook.TaskBody, legacy bool) {
	pause, strange := firstPostDelay, 0
	for try := 1; !r.ended.Load(); try++ {
		before := r.reached.Swap(true)
		a := d.postOnce(p, body, legacy)
		a.refusal.repeated = before
		if neverSent(a.err) {
			r.reached.Store(before)
		}
		if a.isStrange() {
			strange++
		}
		if isFinalAnswer(a, try, strange, legacy) || legacy && r.atMostOnce && !neverSent(a.err) {
			d.mailbox.Put(attemptResultMessage{p, r, a})
			return
		}
		d.log.Debug("post", "worker", p.workerID, "task", r.lease.Task, "try", try, "error", a.err)
		if !sleepContext(p.ctx, pause) {
			return // the worker is detached: applyMessage of detachMessage ends the attempt
		}
		pause = min(2*pause, maxPostDelay)
	}
}

// postOnce makes one request and converts its answer.
func (d *Dispatcher) postOnce(p *workerConn, body webhook.TaskBody, legacy bool) transportResult {
	ctx, cancel := context.WithTimeout(p.ctx, d.postTimeout)
	defer cancel()
	e, _, err := p.client.Do(ctx, "POST", "/task/new", p.session.token, body)
	var strange *webhook.EnvelopeError
	switch {
	case errors.As(err, &strange) && strange.OverLimit:
		return transportResult{status: attemptEnded, outcome: finalFailure("the worker's answer cannot be read: " + strange.Problem)}
	case err != nil:
		return transportResult{status: attemptLost, err: err}
	case !e.Success:
		return transportResult{status: attemptRefused, refusal: refusalOf(e)}
	}
	if !legacy && len(e.Data) > 0 {
		if a, err := webhook.ParseTaskAnswer(e.Data); err == nil && a.Status != "" {
			return transportResult{status: attemptEnded, outcome: taskOutcome(a.Status == webhook.StatusFailed, a.Retry, a.Result)}
		}
	}
	return transportResult{status: attemptAccepted}
}

// refusalOf converts the refusal in a worker's answer.
func refusalOf(e proactor.Envelope) refusal {
	return refusal{code: e.Code, message: e.Message, retryAfter: retryAfter(e.Data, maxRetryAfter)}
}

// neverSent reports whether an error shows that no byte was sent, for example
// because the port is closed.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isFinalAnswer reports whether the request must not be repeated. A legacy
// worker that answers "busy" to a repeated request may be busy with this very
// task. strange is the number of answers without an envelope so far.
func isFinalAnswer(got transportResult, try, strange int, legacy bool) bool {
	if got.status != attemptLost {
		return try == 1 || !legacy || got.status != attemptRefused || !got.refusal.hasCode(webhook.SlaveBusy)
	}
	return got.isStrange() && strange >= maxStrangeAnswers
}

// isStrange reports whether the answer has no envelope.
func (got transportResult) isStrange() bool {
	var strange *webhook.EnvelopeError
	return errors.As(got.err, &strange)
}

// webhookTransport reaches a worker with HTTP requests. Every worker has it.
// Each POST runs in a goroutine until it is answered.
type webhookTransport struct {
	d    *Dispatcher
	conn *workerConn
}

// sendTask implements transport. It always returns true.
func (w webhookTransport) sendTask(r *attempt) bool {
	body, legacy := w.d.taskBody(r, w.conn.legacy), w.conn.legacy
	w.d.goTracked(func() { w.d.postUntilAnswered(w.conn, r, body, legacy) })
	return true
}

// sendCancel implements transport. It does nothing: the next heartbeat carries
// the cancel.
func (webhookTransport) sendCancel(uuid.UUID, int) {}

// sendNotice implements transport. It does nothing: the answer to the next
// heartbeat carries the notice.
func (webhookTransport) sendNotice() {}

// taskBody returns the body of POST /task/new. A legacy worker gets the task's
// id and data only.
func (d *Dispatcher) taskBody(r *attempt, legacy bool) webhook.TaskBody {
	b := webhook.TaskBody{Task: webhook.TaskRef{ID: r.lease.Task.String()}, Data: r.data}
	if !legacy {
		b.Task.Method, b.Task.Attempt, b.Task.Deadline, b.Task.InlineMS = r.method, r.number, r.deadline, d.inlineMS
	}
	return b
}
