package dispatch

import (
	"github.com/google/uuid"

	"initiator/proactor"
)

// transport is one way to talk to a worker: webhooks, or the stream where it
// has one. The loop calls it, so nothing in it may wait; what comes of an
// attempt reaches the loop as a message.
type transport interface {
	// give brings an attempt to the worker. It reports false when it cannot,
	// and has done nothing then.
	give(r *run) bool
	// cancel asks the worker to stop an attempt, where that can be said
	// without waiting for its next heartbeat. Saying it again is harmless.
	cancel(task uuid.UUID, attempt int)
}

// send brings an attempt to its worker by the best way that will take it.
func (d *Dispatcher) send(p *peer, r *run) {
	if !p.way.give(r) {
		webhook{d, p}.give(r)
	}
}

// webhook is the transport of every worker: each POST has a goroutine, until
// it is answered.
type webhook struct {
	d *Dispatcher
	p *peer
}

// give implements transport.
func (w webhook) give(r *run) bool {
	body, blunt := w.d.body(r, w.p.blunt), w.p.blunt
	w.d.goes(func() { w.d.post(w.p, r, body, blunt) })
	return true
}

// cancel implements transport: there is only the next heartbeat.
func (webhook) cancel(uuid.UUID, int) {}

// body is what the worker is sent. A ding slave knows the id only.
func (d *Dispatcher) body(r *run, blunt bool) proactor.TaskBody {
	b := proactor.TaskBody{Task: proactor.TaskRef{ID: r.lease.Task.String()}, Data: r.data}
	if !blunt {
		b.Task.Method, b.Task.Attempt, b.Task.Deadline, b.Task.InlineMS = r.method, r.try, r.ends, d.inlineMS
	}
	return b
}
