package dispatch

import (
	"github.com/google/uuid"

	"initiator/proactor"
)

// transport is one way to talk to a worker: webhooks, or the stream where it
// has one. The loop calls it, so nothing in it may wait; what comes of an
// attempt reaches the loop as a message.
type transport interface {
	// sendTask brings an attempt to the worker. It reports false when it cannot,
	// and has done nothing then.
	sendTask(r *attempt) bool
	// sendCancel asks the worker to stop an attempt, where that can be said
	// without waiting for its next heartbeat. Saying it again is harmless.
	sendCancel(task uuid.UUID, attempt int)
}

// sendAttempt brings an attempt to its worker by the best way that will take it.
func (d *Dispatcher) sendAttempt(p *workerConn, r *attempt) {
	if !p.transport.sendTask(r) {
		webhookTransport{d, p}.sendTask(r)
	}
}

// webhookTransport is the transport of every worker: each POST has a goroutine, until
// it is answered.
type webhookTransport struct {
	d    *Dispatcher
	conn *workerConn
}

// sendTask implements transport.
func (w webhookTransport) sendTask(r *attempt) bool {
	body, blunt := w.d.taskBody(r, w.conn.legacy), w.conn.legacy
	w.d.goTracked(func() { w.d.postUntilAnswered(w.conn, r, body, blunt) })
	return true
}

// sendCancel implements transport: there is only the next heartbeat.
func (webhookTransport) sendCancel(uuid.UUID, int) {}

// taskBody is what the worker is sent. A ding slave knows the id only.
func (d *Dispatcher) taskBody(r *attempt, blunt bool) proactor.TaskBody {
	b := proactor.TaskBody{Task: proactor.TaskRef{ID: r.lease.Task.String()}, Data: r.data}
	if !blunt {
		b.Task.Method, b.Task.Attempt, b.Task.Deadline, b.Task.InlineMS = r.method, r.number, r.deadline, d.inlineMS
	}
	return b
}
