package dispatch

import (
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/internal/timerheap"
)

// A callback is owed from the end of its task on, and the queue remembers that
// over a restart; only how often it was tried begins anew. Each host is called
// by a few at a time, so that one which is down keeps nobody else waiting.
const (
	callsPerHost = 4
	callPause    = time.Second      // before the second try; doubles
	callPauseMax = 10 * time.Minute // the longest pause
	callPatience = 24 * time.Hour   // after the end of the task
)

// call is one callback that is owed.
type call struct {
	id    uuid.UUID
	ended time.Time // which end of the task it tells
	host  string
	tries int
	timer timerheap.Timer[*call] // the next try is due
}

// courier is what the loop knows of callbacks. The zero value has none.
type courier struct {
	due   timerheap.Heap[*call]
	hosts map[string]*callHost // those that are called, or to be
}

type callHost struct {
	busy  int
	waits []*call
}

// owe plans the callback of a task that has ended, where it has one.
func (d *Dispatcher) owe(t task.Task) {
	if !t.State.Terminal() || t.CallbackState != task.CallbackPending {
		return
	}
	host := ""
	if u, err := url.Parse(t.Callback); err == nil { // it was checked with the submit
		host = u.Host
	}
	one := &call{id: t.ID, ended: t.Ended, host: host}
	one.timer.Value = one
	d.courier.due.Set(&one.timer, t.Ended)
}

// oweAll plans those that an earlier process has left.
func (d *Dispatcher) oweAll() {
	for _, id := range d.o.Queue.Owed() {
		if t, ok := d.o.Queue.Get(id); ok {
			d.owe(t)
		}
	}
}

// callDue begins the calls whose time has come.
func (d *Dispatcher) callDue(now time.Time) {
	c := &d.courier
	for one := range c.due.PopDue(now) {
		if c.hosts == nil {
			c.hosts = map[string]*callHost{}
		}
		h := c.hosts[one.host]
		if h == nil {
			h = &callHost{}
			c.hosts[one.host] = h
		}
		h.waits = append(h.waits, one)
		d.callHost(one.host)
	}
}

// callHost makes as many calls as a host may have.
func (d *Dispatcher) callHost(host string) {
	h := d.courier.hosts[host]
	for h.busy < callsPerHost && len(h.waits) > 0 {
		one := h.waits[0]
		h.waits[0] = nil
		h.waits = h.waits[1:]
		t, ok := d.o.Queue.Get(one.id)
		if !ok || t.CallbackState != task.CallbackPending || !t.Ended.Equal(one.ended) {
			continue // it was asked for again in the meantime
		}
		h.busy++
		secret := d.secretFor(t.Pool)
		d.goes(func() { d.box.Put(calledMessage{one, d.caller.tell(d.ctx, t, secret)}) })
	}
	if h.busy == 0 {
		delete(d.courier.hosts, host)
	}
}

func (d *Dispatcher) secretFor(pool string) string {
	if p := d.pools[pool]; p != nil && p.CallbackSecret != "" {
		return p.CallbackSecret
	}
	return d.o.CallbackSecret
}

// calledMessage says what became of a call: nil = it was told.
type calledMessage struct {
	*call
	err error
}

func (m calledMessage) apply(d *Dispatcher, now time.Time) {
	d.courier.hosts[m.host].busy--
	again, state := m.verdict(now)
	if again {
		m.tries++
		d.courier.due.Set(&m.timer, now.Add(pauseBefore(m.tries, jitter())))
	} else {
		d.o.Queue.Called(m.id, m.ended, state)
	}
	if m.err != nil {
		d.log.Info("a callback was not taken", "task", m.id, "host", m.host, "again", again, "error", m.err)
	}
	d.callHost(m.host)
}

// verdict says whether a call is made again, or else what has become of it.
func (m calledMessage) verdict(now time.Time) (again bool, state string) {
	switch {
	case m.err == nil:
		return false, task.CallbackDelivered
	case isGone(m.err), now.Sub(m.ended) >= callPatience:
		return false, fmt.Sprintf("given up after %d: %v", m.tries+1, m.err)
	}
	return true, ""
}

// pauseBefore is the pause before another try, give or take a tenth.
func pauseBefore(try int, jitter float64) time.Duration {
	pause := min(callPause<<min(try-1, 20), callPauseMax)
	return time.Duration(float64(pause) * (0.9 + 0.2*jitter))
}
