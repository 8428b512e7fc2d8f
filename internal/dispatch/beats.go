package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
)

// beatCheck is how often the loop looks at the heartbeats (ding's default).
const beatCheck = time.Second

// late says whether the age of the last heartbeat is worth a word: more than
// two and a half spans. One lost beat is no news, two in a row are. When to
// give up is the supervisor's business.
func late(age, span time.Duration) bool { return age >= span*5/2 }

// checkBeats looks at every worker that has ever been connected, also while
// it is being connected anew: a worker that hangs then must be found too.
func (d *Dispatcher) checkBeats(now time.Time) {
	for _, p := range d.peers {
		if p.judged {
			d.checkBeat(p, now)
		}
	}
}

func (d *Dispatcher) checkBeat(p *peer, now time.Time) {
	b := p.session.last.Load()
	if late(now.Sub(b.at), p.Span) {
		if !p.unready {
			p.unready = true
			d.replace(p)
			d.o.Observer.WorkerOverdue(p.guid, p.incarnation, b.at)
		}
		return
	}
	if p.unready {
		p.unready = false
		d.replace(p)
		d.o.Observer.WorkerRecovered(p.guid, p.incarnation)
	}
	d.heard(p, b, now)
	d.measured(p, b)
}

func (d *Dispatcher) measured(p *peer, b *beat) {
	rss := int64(0)
	if b.body != nil {
		rss = b.body.RSS
	}
	if rss > 0 || p.ended != p.told {
		p.told = p.ended
		d.o.Observer.WorkerMeasured(p.guid, p.incarnation, p.ended, rss)
	}
}

// heard renews leases by what the worker said, and finds those that lapsed.
func (d *Dispatcher) heard(p *peer, b *beat, now time.Time) {
	if b.body == nil || p.blunt {
		return // any heartbeat of a ding slave renews its lease
	}
	if b != p.heard {
		p.heard = b
		d.listed(p, b)
	}
	p.tellCancel()
	for _, r := range p.running {
		d.checkLease(p, r, b, now)
	}
}

// stray is an attempt that a worker says it runs and should not.
type stray struct {
	task    uuid.UUID
	attempt int
}

// listed goes through what one heartbeat says is running. The list may have
// been made before a result that came since; only what a second one names
// again is a stray.
func (d *Dispatcher) listed(p *peer, b *beat) {
	before := p.suspects
	if len(p.strays) > 0 {
		d.changed[p.pool] = true // perhaps it may be given them again
	}
	p.suspects, p.strays = nil, nil
	for _, said := range b.body.Running {
		id, err := uuid.Parse(said.ID)
		if err != nil {
			continue
		}
		if r := p.running[id]; r != nil && r.is(said.Attempt) {
			d.renew(r, said, b.at)
			continue
		}
		s := stray{id, said.Attempt}
		p.suspects = append(p.suspects, s)
		for _, again := range before {
			if again == s {
				p.strays = append(p.strays, s)
			}
		}
	}
}

func (d *Dispatcher) renew(r *run, said proactor.Running, at time.Time) {
	r.seen = at
	moved := r.seq != said.Seq
	r.moves(said, at)
	if said.Output != nil {
		d.wrote(r, *said.Output, at)
	}
	if len(said.Progress) > 0 && !r.stopping {
		d.o.Queue.Progress(r.lease, said.Progress)
		if moved {
			d.moved(r.lease.Task, r.timer.Value.peer.pool.Name, at)
		}
	}
}

// checkLease ends the lease of a task that the worker has not spoken of for
// the whole tolerance: it has forgotten it. Of one that it was asked to stop,
// a single heartbeat that comes a span later is enough.
func (d *Dispatcher) checkLease(p *peer, r *run, b *beat, now time.Time) {
	stopped := !r.asked.IsZero() && b.at.Sub(r.asked) > p.Span && r.seen.Before(b.at)
	if stopped || now.Sub(r.seen) >= p.Tolerance {
		d.finish(p, r, task.Outcome{Kind: task.Lost, Error: "the worker no longer speaks of the task"}, now)
		return
	}
	d.checkProgress(p, r, now)
}

// tellCancel tells a worker what to stop: by the stream at once, and with the
// answer to its next heartbeat. That one cancels by task, so a stray whose task
// has a good attempt there is left alone.
func (p *peer) tellCancel() {
	var ids []string
	for id, r := range p.running {
		if !r.asked.IsZero() {
			ids = append(ids, id.String())
			p.way.cancel(id, r.try)
		}
	}
	for _, s := range p.strays {
		p.way.cancel(s.task, s.attempt)
		if p.running[s.task] == nil {
			ids = append(ids, s.task.String())
		}
	}
	if len(ids) == 0 {
		p.session.answer.Store(nil)
		return
	}
	p.session.answer.Store(&proactor.HeartbeatAnswer{Cancel: ids})
}

// astray says whether the worker still runs an attempt at a task that is not
// its to run.
func (p *peer) astray(id uuid.UUID) bool {
	for _, s := range p.strays {
		if s.task == id {
			return true
		}
	}
	return false
}
