package dispatch

import (
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/timerheap"
)

// A callback is owed from the end of its task on, and the queue remembers that
// over a restart; only how often it was tried begins anew. Each host is called
// by a few at a time, so that one which is down keeps nobody else waiting.
const (
	callbacksPerHost   = 4
	firstCallbackDelay = time.Second      // before the second try; doubles
	maxCallbackDelay   = 10 * time.Minute // the longest pause
	callbackLifetime   = 24 * time.Hour   // after the end of the task
)

// pendingCallback is one callback that is owed.
type pendingCallback struct {
	id    uuid.UUID
	ended time.Time // which end of the task it tells
	host  string
	tries int
	timer timerheap.Timer[*pendingCallback] // the next try is due
}

// callbackQueue is what the loop knows of callbacks. The zero value has none.
type callbackQueue struct {
	due   timerheap.Heap[*pendingCallback]
	hosts map[string]*hostCallbacks // those that are called, or to be
}

type hostCallbacks struct {
	running int
	waiting []*pendingCallback
}

// enqueueCallback plans the callback of a task that has ended, where it has one.
func (d *Dispatcher) enqueueCallback(t task.Task) {
	if !t.State.Terminal() || t.CallbackState != task.CallbackPending {
		return
	}
	host := ""
	if u, err := url.Parse(t.Callback); err == nil { // it was checked with the submit
		host = u.Host
	}
	one := &pendingCallback{id: t.ID, ended: t.Ended, host: host}
	one.timer.Value = one
	d.callbacks.due.Set(&one.timer, t.Ended)
}

// enqueueOwedCallbacks plans those that an earlier process has left.
func (d *Dispatcher) enqueueOwedCallbacks() {
	for _, id := range d.opts.Queue.PendingCallbacks() {
		if t, ok := d.opts.Queue.FindTask(id); ok {
			d.enqueueCallback(t)
		}
	}
}

// startDueCallbacks begins the calls whose time has come.
func (d *Dispatcher) startDueCallbacks(now time.Time) {
	c := &d.callbacks
	for one := range c.due.PopDue(now) {
		if c.hosts == nil {
			c.hosts = map[string]*hostCallbacks{}
		}
		h := c.hosts[one.host]
		if h == nil {
			h = &hostCallbacks{}
			c.hosts[one.host] = h
		}
		h.waiting = append(h.waiting, one)
		d.startHostCallbacks(one.host)
	}
}

// hostCallbacks makes as many calls as a host may have.
func (d *Dispatcher) startHostCallbacks(host string) {
	h := d.callbacks.hosts[host]
	for h.running < callbacksPerHost && len(h.waiting) > 0 {
		one := h.waiting[0]
		h.waiting[0] = nil
		h.waiting = h.waiting[1:]
		t, ok := d.opts.Queue.FindTask(one.id)
		if !ok || t.CallbackState != task.CallbackPending || !t.Ended.Equal(one.ended) {
			continue // it was asked for again in the meantime
		}
		h.running++
		secret := d.callbackSecret(t.Pool)
		d.goTracked(func() { d.mailbox.Put(callbackSentMessage{one, d.callbackSender.sendCallback(d.ctx, t, secret)}) })
	}
	if h.running == 0 {
		delete(d.callbacks.hosts, host)
	}
}

func (d *Dispatcher) callbackSecret(pool string) string {
	if p := d.pools[pool]; p != nil && p.CallbackSecret != "" {
		return p.CallbackSecret
	}
	return d.opts.CallbackSecret
}

// callbackSentMessage says what became of a call: nil = it was told.
type callbackSentMessage struct {
	*pendingCallback
	err error
}

func (m callbackSentMessage) applyMessage(d *Dispatcher, now time.Time) {
	d.callbacks.hosts[m.host].running--
	again, state := m.decideRetry(now)
	if again {
		m.tries++
		d.callbacks.due.Set(&m.timer, now.Add(callbackDelay(m.tries, randomJitter())))
	} else {
		d.opts.Queue.RecordCallback(m.id, m.ended, state)
	}
	if m.err != nil {
		d.log.Info("a callback was not taken", "task", m.id, "host", m.host, "again", again, "error", m.err)
	}
	d.startHostCallbacks(m.host)
}

// decideRetry says whether a call is made again, or else what has become of it.
func (m callbackSentMessage) decideRetry(now time.Time) (again bool, state string) {
	switch {
	case m.err == nil:
		return false, task.CallbackDelivered
	case isGoneError(m.err), now.Sub(m.ended) >= callbackLifetime:
		return false, fmt.Sprintf("given up after %d: %v", m.tries+1, m.err)
	}
	return true, ""
}

// callbackDelay is the pause before another try, give or take a tenth.
func callbackDelay(try int, jitter float64) time.Duration {
	pause := min(firstCallbackDelay<<min(try-1, 20), maxCallbackDelay)
	return time.Duration(float64(pause) * (0.9 + 0.2*jitter))
}
