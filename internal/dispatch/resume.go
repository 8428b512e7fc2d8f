package dispatch

import (
	"errors"
	"time"

	"initiator/internal/queue"
	"initiator/proactor"
)

// A worker that outlives its initiator is attached by the next one with the
// session that stands and the tasks that it runs.

// Session is the connection to one incarnation, as far as it must be known to
// go on with it.
type Session struct {
	Token string // "" = a new one
	// Slots and Blunt are what the worker has answered; Known: it has.
	Slots int
	Blunt bool
	Known bool
	// Resumed: an earlier dispatcher may have connected under that token. A
	// worker that says so is believed, and keeps its tasks.
	Resumed bool
}

// errStands says that a worker is connected already, and ought to be.
var errStands = errors.New("the session stands")

// leftover keeps the tasks that a held worker was running until it is attached.
// It reports false for a lease of anybody else, who is gone.
func (d *Dispatcher) leftover(l task.Lease, t task.Task) bool {
	if d.o.WillResume == nil || !d.o.WillResume(l.GUID, l.Incarnation) {
		return false
	}
	id := who{l.GUID, l.Incarnation}
	d.left[id] = append(d.left[id], t)
	return true
}

// takeUp gives a worker the tasks that it runs. The clock of each goes on from
// where it began.
func (d *Dispatcher) takeUp(p *peer, now time.Time) {
	list := d.left[p.who]
	delete(d.left, p.who)
	for _, t := range list {
		r := newRun(p, t, now)
		r.began, r.ends = t.Started, endOf(t, t.Started)
		r.reached.Store(true)
		r.again = true
		p.running[t.ID] = r
		d.timers.Set(&r.timer, r.ends)
	}
}

// askAgain sends a worker the tasks once more that an earlier dispatcher has
// given it, or was about to: one that has them answers as if it were the first
// time, and with the outcome where there is one. A ding slave would run them
// twice; it is believed to have them.
func (d *Dispatcher) askAgain(p *peer) {
	for _, r := range p.running {
		if r.again && !p.blunt {
			d.send(p, r)
		}
		r.again = false
	}
}

// FinishResume says that every worker that was held has been attached: tasks of any
// other are lost. It returns when their sessions are known: from then on they
// may be listened to.
func (d *Dispatcher) FinishResume() {
	m := &resumedMessage{done: make(chan struct{})}
	if d.box.Put(m) {
		<-m.done
	}
}

type resumedMessage struct{ done chan struct{} }

func (m *resumedMessage) refuse() { close(m.done) }

func (m *resumedMessage) apply(d *Dispatcher, now time.Time) {
	defer close(m.done)
	for id, list := range d.left {
		delete(d.left, id)
		for _, t := range list {
			l, _ := t.Lease()
			d.end(l, task.Outcome{Kind: task.Lost, Error: "its worker ended while no initiator was there"}, now)
		}
	}
}

// standsMessage goes on with a session that an earlier dispatcher began.
type standsMessage struct {
	p    *peer
	line *line // nil = none; it is being served
}

func (m standsMessage) apply(d *Dispatcher, now time.Time) {
	p := m.p
	if d.peers[p.who] != p {
		return
	}
	answer := proactor.ConnectAnswer{Slots: p.Session.Slots, Protocol: proactor.Protocol}
	if p.Session.Known && p.Session.Blunt {
		answer.Protocol = 0
	}
	d.connected(p, answer, m.line, now)
}

// opened tells what was agreed upon, for whoever comes after us.
func (d *Dispatcher) opened(p *peer) {
	if d.o.OnConnected != nil {
		d.o.OnConnected(p.guid, p.incarnation, p.slots, p.blunt)
	}
}
