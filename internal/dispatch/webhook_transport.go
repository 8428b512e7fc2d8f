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
	firstPostDelay = 50 * time.Millisecond
	maxPostDelay   = time.Second
	// maxStrangeAnswers is how often something that is no envelope may be
	// answered until the attempt counts as lost.
	maxStrangeAnswers = 3
)

// posted is what became of POST /task/new.
type posted struct {
	envelope proactor.Envelope
	outcome  *proactor.TaskAnswer // not nil: it has ended already
	err      error                // no answer, or none that makes sense
	unkept   error                // it was never sent: the lease is not kept
}

// postUntilAnswered brings one attempt to its worker, and the loop the answer. It runs in a
// goroutine of its own, until the worker has answered or the attempt is over.
//
// A transport fault says nothing of what the worker has done, so the same
// request is made again. A worker of ours knows id and attempt and runs
// nothing twice. A ding slave, which knows neither, is busy while it has the
// task: that its result is on its way is not contradicted until it takes the
// task anew.
func (d *Dispatcher) postUntilAnswered(p *workerConn, r *attempt, body proactor.TaskBody, blunt bool) {
	pause := firstPostDelay
	for try := 1; !r.ended.Load(); try++ {
		before := r.reached.Swap(true)
		a := d.postOnce(p, body, blunt)
		if neverSent(a.err) {
			r.reached.Store(before)
		}
		if a.isFinal(try, blunt) {
			d.mailbox.Put(postedMessage{p, r, a})
			return
		}
		d.log.Debug("post", "worker", p.workerID, "task", r.lease.Task, "try", try, "error", a.err)
		if !sleepContext(p.ctx, pause) {
			return // detached: the task's fate is decided there
		}
		pause = min(2*pause, maxPostDelay)
	}
}

func (d *Dispatcher) postOnce(p *workerConn, body proactor.TaskBody, blunt bool) posted {
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

// neverSent says whether an error shows that nothing was sent: nobody
// listens, say.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isFinal says whether that answer is the last word on the POST.
func (a posted) isFinal(try int, blunt bool) bool {
	if a.err == nil {
		return try == 1 || !blunt || !a.envelope.Is(proactor.SlaveBusy)
	}
	var strange *proactor.NotEnvelope
	return errors.As(a.err, &strange) && try >= maxStrangeAnswers
}
