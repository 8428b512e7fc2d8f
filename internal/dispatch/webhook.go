package dispatch

import (
	"context"
	"errors"
	"net"
	"time"

	"initiator/proactor"
)

const (
	// inlineMS is how long a worker may hold the answer to /task/new in
	// order to put the outcome into it: one request instead of two.
	inlineMS = 1000
	// postTimeout bounds one POST /task/new.
	postTimeout = 10 * time.Second
	// Pauses between two tries of the same POST, doubling.
	postPause    = 50 * time.Millisecond
	postPauseMax = time.Second
	// strangeTries is how often something that is no envelope may be
	// answered until the attempt counts as lost.
	strangeTries = 3
)

// posted is what became of POST /task/new.
type posted struct {
	envelope proactor.Envelope
	outcome  *proactor.TaskAnswer // not nil: it has ended already
	err      error                // no answer, or none that makes sense
	unkept   error                // it was never sent: the lease is not kept
}

// post brings one attempt to its worker, and the loop the answer. It runs in a
// goroutine of its own, until the worker has answered or the attempt is over.
//
// A transport fault says nothing of what the worker has done, so the same
// request is made again. A worker of ours knows id and attempt and runs
// nothing twice. A ding slave, which knows neither, is busy while it has the
// task: that its result is on its way is not contradicted until it takes the
// task anew.
func (d *Dispatcher) post(p *peer, r *run, body proactor.TaskBody, blunt bool) {
	pause := postPause
	for try := 1; !r.over.Load(); try++ {
		before := r.reached.Swap(true)
		a := d.postOnce(p, body, blunt)
		if undelivered(a.err) {
			r.reached.Store(before)
		}
		if a.settled(try, blunt) {
			d.box.Put(postedMessage{p, r, a})
			return
		}
		d.log.Debug("post", "worker", p.who, "task", r.lease.Task, "try", try, "error", a.err)
		if !sleep(p.ctx, pause) {
			return // detached: the task's fate is decided there
		}
		pause = min(2*pause, postPauseMax)
	}
}

func (d *Dispatcher) postOnce(p *peer, body proactor.TaskBody, blunt bool) posted {
	ctx, cancel := context.WithTimeout(p.ctx, d.postTimeout)
	defer cancel()
	e, _, err := p.client.Do(ctx, "POST", "/task/new", p.session.token, body)
	if err != nil {
		return posted{err: err}
	}
	a := posted{envelope: e}
	if e.Success && !blunt && len(e.Data) > 0 {
		if o, err := proactor.ParseAnswer(e.Data); err == nil && o.Status != "" {
			a.outcome = &o
		}
	}
	return a
}

// undelivered says whether an error shows that nothing was sent: nobody
// listens, say.
func undelivered(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// settled says whether that answer is the last word on the POST.
func (a posted) settled(try int, blunt bool) bool {
	if a.err == nil {
		return try == 1 || !blunt || !a.envelope.Is(proactor.SlaveBusy)
	}
	var strange *proactor.NotEnvelope
	return errors.As(a.err, &strange) && try >= strangeTries
}
