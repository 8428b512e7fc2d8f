package dispatch

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
)

// A handler that hangs looks like one that works: its process answers, and
// every heartbeat lists the task. Where progress_timeout is set, a task also
// has to say from time to time that it moves on. A ding slave has no words for
// that, and is judged by the timeout alone.

// moves notes progress: every call of it in the worker has a new number.
func (r *run) moves(said proactor.Running, at time.Time) {
	if said.Seq != r.seq {
		r.seq, r.moved = said.Seq, at
	}
}

// stalled says whether a task has made no progress for longer than it may.
func (r *run) stalled(now time.Time) bool {
	return r.patience > 0 && !r.stopping && r.asked.IsZero() && now.Sub(r.moved) >= r.patience
}

// checkProgress gives up an attempt that is stuck. It pays; its neighbours do
// not, should the worker have to be ended for it.
func (d *Dispatcher) checkProgress(p *peer, r *run, now time.Time) {
	if r.stalled(now) {
		d.giveUp(p, r, task.Outcome{Kind: task.Stuck, Error: fmt.Sprintf("no progress for %v", r.patience)}, now)
	}
}

// part notes which task the next run of one must not be beside: the culprit
// for which the worker of both was ended. Nobody pays twice for one neighbour.
func (p *peer) part(r *run) {
	if p.culprit != uuid.Nil && p.culprit != r.lease.Task {
		p.pool.shy[r.lease.Task] = p.culprit
	}
}

// shuns says whether a task must not run in this worker now, because it or one
// that runs there is shy of the other. There is always a way out: one of the
// two runs, and ends.
func (p *peer) shuns(id uuid.UUID) bool {
	shy := p.pool.shy
	if len(shy) == 0 {
		return false
	}
	if culprit, is := shy[id]; is && p.running[culprit] != nil {
		return true
	}
	for other := range p.running {
		if shy[other] == id {
			return true
		}
	}
	return false
}
