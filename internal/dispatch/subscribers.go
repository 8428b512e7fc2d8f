package dispatch

import (
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

type unsubscribeMessage struct{ w *Subscription }

func (m unsubscribeMessage) applyMessage(d *Dispatcher, _ time.Time) {
	d.subscribers.removeSubscription(m.w)
}

// subscribers is everybody who watches. It belongs to the loop.
type subscribers struct {
	tasks map[uuid.UUID][]*Subscription
	pools map[string][]*Subscription
}

func (a *subscribers) addSubscription(w *Subscription) {
	if a.tasks == nil {
		a.tasks, a.pools = map[uuid.UUID][]*Subscription{}, map[string][]*Subscription{}
	}
	if w.pool != "" {
		a.pools[w.pool] = append(a.pools[w.pool], w)
		return
	}
	a.tasks[w.id] = append(a.tasks[w.id], w)
}

// removeSubscription is of no effect for one that is not there.
func (a *subscribers) removeSubscription(w *Subscription) {
	removeFrom(a.pools, w.pool, w)
	removeFrom(a.tasks, w.id, w)
}

func removeFrom[K comparable](from map[K][]*Subscription, key K, w *Subscription) {
	if len(from[key]) == 0 {
		return
	}
	left := slices.DeleteFunc(from[key], func(other *Subscription) bool { return other == w })
	if from[key] = left; len(left) == 0 {
		delete(from, key)
	}
}

// sendTask tells one of them, for the last time when the task has ended.
func (a *subscribers) deliverEvent(w *Subscription, n task.Event) {
	w.putEvent(n)
	if w.pool == "" && n.State.Terminal() {
		w.endWith(io.EOF)
		a.removeSubscription(w)
	}
}

func (a *subscribers) publishEvent(n task.Event) {
	for _, w := range slices.Clone(a.tasks[n.ID]) { // those of one that ends go
		a.deliverEvent(w, n)
	}
	for _, w := range a.pools[n.Pool] {
		a.deliverEvent(w, n)
	}
}

// closeSubscriptions tells everybody that there will be no more.
func (a *subscribers) closeSubscriptions() {
	for _, some := range a.tasks {
		for _, w := range some {
			w.endWith(ErrClosed)
		}
	}
	for _, some := range a.pools {
		for _, w := range some {
			w.endWith(ErrClosed)
		}
	}
}

// hasSubscriber says whether anybody watches a task. Where nobody does, news cost
// nothing.
func (a *subscribers) hasSubscriber(id uuid.UUID, pool string) bool {
	return len(a.tasks[id]) > 0 || len(a.pools[pool]) > 0
}

// publishTask tells those who watch a task what has become of it, once it is kept.
func (d *Dispatcher) publishTask(t *task.Task, now time.Time) {
	if d.subscribers.hasSubscriber(t.ID, t.Pool) {
		n := queue.EventOf(t, now)
		d.whenStored(func(err error) {
			if err == nil {
				d.subscribers.publishEvent(n)
			}
		})
	}
}

// publishNewTask announces a new task. One that could not be kept has never been.
func (d *Dispatcher) publishNewTask(t *task.Task, now time.Time) {
	if d.subscribers.hasSubscriber(t.ID, t.Pool) {
		n := queue.EventOf(t, now)
		d.afterRound(func(err error) {
			if err == nil {
				d.subscribers.publishEvent(n)
			}
		})
	}
}

// publishProgress announces the progress of a running task.
func (d *Dispatcher) publishProgress(id uuid.UUID, pool string, now time.Time) {
	if !d.subscribers.hasSubscriber(id, pool) {
		return
	}
	if t, ok := d.opts.Queue.FindTask(id); ok {
		d.publishTask(&t, now)
	}
}
