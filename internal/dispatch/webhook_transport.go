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
	// inlineMS is how long a worker may hold the answer to /task/new in
	// order to put the outcome into it: one request instead of two.
	inlineMS = 1000
	// postTimeout bounds one POST /task/new.
	postTimeout = 10 * time.Second
	// Pauses between two tries of the same POST, doubling.
	firstPostDelay = 50 * time.Millisecond
	maxPostDelay   = time.Second
	// maxStrangeAnswers is how often something that is no envelope may be
	// answered until the attempt counts as lost.
	maxStrangeAnswers = 3
)

// postUntilAnswered brings one attempt to its worker, and the loop the answer. It runs in a
// goroutine of its own, until the worker has answered or the attempt is over.
//
// A transport fault says nothing of what the worker has done, so the same
// request is made again. A worker of ours knows id and attempt and runs
// nothing twice. A ding slave, which knows neither, is busy while it has the
// task: that its result is on its way is not contradicted until it takes the
// task anew.
func (d *Dispatcher) postUntilAnswered(p *workerConn, r *attempt, body proactor.TaskBody, legacy bool) {
	pause := firstPostDelay
	for try := 1; !r.ended.Load(); try++ {
		before := r.reached.Swap(true)
		a := d.postOnce(p, body, legacy)
		if neverSent(a.err) {
			r.reached.Store(before)
		}
		if isFinalAnswer(a, try, legacy) {
			d.mailbox.Put(attemptResultMessage{p, r, a})
			return
		}
		d.log.Debug("post", "worker", p.workerID, "task", r.lease.Task, "try", try, "error", a.err)
		if !sleepContext(p.ctx, pause) {
			return // detached: the task's fate is decided there
		}
		pause = min(2*pause, maxPostDelay)
	}
}

// postOnce makes one request and converts its answer.
func (d *Dispatcher) postOnce(p *workerConn, body proactor.TaskBody, legacy bool) transportResult {
	ctx, cancel := context.WithTimeout(p.ctx, d.postTimeout)
	defer cancel()
	e, _, err := p.client.Do(ctx, "POST", "/task/new", p.session.token, body)
	switch {
	case err != nil:
		return transportResult{status: attemptLost, err: err}
	case !e.Success:
		return transportResult{status: attemptRefused, refusal: refusalOf(e)}
	}
	if !legacy && len(e.Data) > 0 {
		if a, err := webhook.ParseTaskAnswer(e.Data); err == nil && a.Status != "" {
			return transportResult{status: attemptEnded, outcome: taskOutcome(a.Status == proactor.StatusFailed, a.Retry, a.Result)}
		}
	}
	return transportResult{status: attemptAccepted}
}

// refusalOf reads the refusal in an answer of a worker.
func refusalOf(e proactor.Envelope) refusal {
	return refusal{code: e.Code, message: e.Message, retryAfter: retryAfter(e.Data)}
}

// neverSent says whether an error shows that nothing was sent: nobody
// listens, say.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isFinalAnswer reports whether the same request is not made again. After the
// first request, a legacy worker that is busy may be busy with this very task.
func isFinalAnswer(got transportResult, try int, legacy bool) bool {
	if got.status != attemptLost {
		return try == 1 || !legacy || got.status != attemptRefused || !got.refusal.hasCode(webhook.SlaveBusy)
	}
	var strange *webhook.EnvelopeError
	return errors.As(got.err, &strange) && try >= maxStrangeAnswers
}

// webhookTransport is the transport of every worker: each POST has a goroutine, until
// it is answered.
type webhookTransport struct {
	d    *Dispatcher
	conn *workerConn
}

// sendTask implements transport.
func (w webhookTransport) sendTask(r *attempt) bool {
	body, legacy := w.d.taskBody(r, w.conn.legacy), w.conn.legacy
	w.d.goTracked(func() { w.d.postUntilAnswered(w.conn, r, body, legacy) })
	return true
}

// sendCancel implements transport: there is only the next heartbeat.
func (webhookTransport) sendCancel(uuid.UUID, int) {}

// taskBody is what the worker is sent. A ding slave knows the id only.
func (d *Dispatcher) taskBody(r *attempt, legacy bool) proactor.TaskBody {
	b := proactor.TaskBody{Task: proactor.TaskRef{ID: r.lease.Task.String()}, Data: r.data}
	if !legacy {
		b.Task.Method, b.Task.Attempt, b.Task.Deadline, b.Task.InlineMS = r.method, r.number, r.deadline, d.inlineMS
	}
	return b
}
