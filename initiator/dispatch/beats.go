package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/proactor"
)

// beatCheck is how often the loop looks at the heartbeats (ding's default).
const beatCheck = time.Second

// late says whether the age of the last heartbeat is worth a word: more than
// two and a half spans. One lost beat is no news, two in a row are. When to
// give up is the supervisor's business.
func late(age, span time.Duration) bool { return age >= span*5/2 }

// checkBeats looks at every connected worker.
func (d *Dispatcher) checkBeats(now time.Time) {
	for _, p := range d.peers {
		if p.connected {
			d.checkBeat(p, now)
		}
	}
}

func (d *Dispatcher) checkBeat(p *peer, now time.Time) {
	last := d.began.Add(time.Duration(p.session.beat.Load()))
	if late(now.Sub(last), p.Span) {
		if !p.unready {
			p.unready = true
			d.o.Verdicts.Overdue(p.guid, p.incarnation, last)
		}
		return
	}
	if p.unready {
		p.unready = false
		d.o.Verdicts.Beating(p.guid, p.incarnation)
	}
	d.heard(p, last, now)
}

// heard renews leases by what the worker said, and finds those that lapsed.
func (d *Dispatcher) heard(p *peer, last, now time.Time) {
	said := p.session.said.Load()
	if said == nil || p.blunt {
		for _, r := range p.running {
			r.seen = last // any heartbeat of a ding slave renews its lease
		}
		return
	}
	if said.RSS > 0 {
		d.o.Verdicts.Measured(p.guid, p.incarnation, p.ended, said.RSS)
	}
	var cancel []string
	for _, listed := range said.Running {
		if r := d.listed(p, listed, last); r == nil || r.stopping || r.cancelled {
			cancel = append(cancel, listed.ID)
		}
	}
	p.session.tellCancel(cancel)
	for _, r := range p.running {
		d.checkLease(p, r, now)
	}
}

// listed notes that a worker says it runs a task; nil when it should not.
func (d *Dispatcher) listed(p *peer, listed proactor.Running, last time.Time) *run {
	id, err := uuid.Parse(listed.ID)
	if err != nil {
		return nil
	}
	r := p.running[id]
	if r == nil || (listed.Attempt != 0 && listed.Attempt != r.lease.Attempt) {
		return nil
	}
	r.seen = last
	if len(listed.Progress) > 0 {
		d.o.Queue.Progress(r.lease, listed.Progress)
	}
	return r
}

// checkLease ends the lease of a task that the worker has not spoken of for
// the whole tolerance: it has forgotten it.
func (d *Dispatcher) checkLease(p *peer, r *run, now time.Time) {
	if now.Sub(r.seen) < p.Tolerance {
		return
	}
	if !r.stopping {
		d.end(r.lease, task.Outcome{Kind: task.Lost, Error: "the worker no longer speaks of the task"}, now)
	}
	d.release(p, r)
}

// tellCancel sets what the next heartbeat is answered.
func (s *session) tellCancel(ids []string) {
	if len(ids) == 0 {
		s.answer.Store(nil)
		return
	}
	s.answer.Store(&proactor.HeartbeatAnswer{Cancel: ids})
}
