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

// subscribers holds all subscriptions. The loop owns it.
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

// removeSubscription removes w. It has no effect when w is not registered.
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

// deliverEvent adds an event to one subscription. The terminal event of a task
// is the last one of its subscription.
func (a *subscribers) deliverEvent(w *Subscription, n task.Event) {
	w.putEvent(n)
	if w.pool == "" && n.State.Terminal() {
		w.endWith(io.EOF)
		a.removeSubscription(w)
	}
}

func (a *subscribers) publishEvent(n task.Event) {
	for _, w := range slices.Clone(a.tasks[n.ID]) { // deliverEvent removes the subscriptions of a task that ends
		a.deliverEvent(w, n)
	}
	for _, w := range a.pools[n.Pool] {
		if !w.retries || n.Ended != nil {
			a.deliverEvent(w, n)
		}
	}
}

// closeSubscriptions tells every subscription that no event will follow.
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

// hasSubscriber reports whether a subscription wants events of that task.
// Without a subscription, events cost nothing.
func (a *subscribers) hasSubscriber(id uuid.UUID, pool string) bool {
	return len(a.tasks[id]) > 0 || len(a.pools[pool]) > 0
}

// publishTask publishes the present state of a task, once the queue has stored
// it.
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

// publishNewTask publishes a new task. A task that could not be stored is not
// published.
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

// publishProgress publishes the progress of a running task.
func (d *Dispatcher) publishProgress(id uuid.UUID, pool string, now time.Time) {
	if !d.subscribers.hasSubscriber(id, pool) {
		return
	}
	if t, ok := d.opts.Queue.FindTask(id); ok {
		d.publishTask(&t, now)
	}
}
