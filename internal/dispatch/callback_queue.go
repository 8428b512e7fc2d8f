package dispatch

import (
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/timerheap"
)

// A callback is due from the end of its task until the receiver accepts it. The
// queue stores that over a restart; only the number of tries begins again. Each
// host gets a limited number of callbacks at a time, so that a host that is
// down delays no other host.
const (
	callbacksPerHost   = 4
	firstCallbackDelay = time.Second      // before the second try; doubles from there
	maxCallbackDelay   = 10 * time.Minute // the longest delay
	callbackLifetime   = 24 * time.Hour   // after the end of the task
)

// pendingCallback is one callback that its receiver has not accepted.
type pendingCallback struct {
	id    uuid.UUID
	ended time.Time // the end that it reports; a task that is retried can end again
	host  string
	tries int
	timer timerheap.Timer[*pendingCallback] // due at the next try
}

// callbackQueue holds the pending callbacks. The loop owns it. The zero value
// is empty.
type callbackQueue struct {
	due   timerheap.Heap[*pendingCallback]
	hosts map[string]*hostCallbacks // the hosts with a callback that is due or being sent
}

type hostCallbacks struct {
	running int
	waiting []*pendingCallback
}

// enqueueCallback adds the callback of a task that has ended, if it has one.
func (d *Dispatcher) enqueueCallback(t task.Task) {
	if !t.State.Terminal() || t.CallbackState != task.CallbackPending {
		return
	}
	host := ""
	if u, err := url.Parse(t.Callback); err == nil { // Submit has checked the URL
		host = u.Host
	}
	one := &pendingCallback{id: t.ID, ended: t.Ended, host: host}
	one.timer.Value = one
	d.callbacks.due.Set(&one.timer, t.Ended)
}

// enqueueOwedCallbacks adds the callbacks that an earlier process left pending.
func (d *Dispatcher) enqueueOwedCallbacks() {
	for _, id := range d.opts.Queue.PendingCallbacks() {
		if t, ok := d.opts.Queue.FindTask(id); ok {
			d.enqueueCallback(t)
		}
	}
}

// startDueCallbacks starts the callbacks that are due.
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

// startHostCallbacks starts as many callbacks as a host may have at a time.
func (d *Dispatcher) startHostCallbacks(host string) {
	h := d.callbacks.hosts[host]
	for h.running < callbacksPerHost && len(h.waiting) > 0 {
		one := h.waiting[0]
		h.waiting[0] = nil
		h.waiting = h.waiting[1:]
		t, ok := d.opts.Queue.FindTask(one.id)
		if !ok || t.CallbackState != task.CallbackPending || !t.Ended.Equal(one.ended) {
			continue // the task was retried in the meantime
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

// callbackSentMessage reports the end of a try; err is nil when the receiver
// accepted the callback.
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
		d.log.Info("a callback was not accepted", "task", m.id, "host", m.host, "again", again, "error", m.err)
	}
	d.startHostCallbacks(m.host)
}

// decideRetry reports whether the callback is tried again. If not, state is its
// final state.
func (m callbackSentMessage) decideRetry(now time.Time) (again bool, state string) {
	switch {
	case m.err == nil:
		return false, task.CallbackDelivered
	case isGoneError(m.err), now.Sub(m.ended) >= callbackLifetime:
		return false, fmt.Sprintf("given up after %d: %v", m.tries+1, m.err)
	}
	return true, ""
}

// callbackDelay returns the delay before a try, with a jitter of one tenth in
// both directions.
func callbackDelay(try int, jitter float64) time.Duration {
	pause := min(firstCallbackDelay<<min(try-1, 20), maxCallbackDelay)
	return time.Duration(float64(pause) * (0.9 + 0.2*jitter))
}
