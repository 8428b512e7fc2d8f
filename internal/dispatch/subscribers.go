package dispatch

import (
	"io"
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
	tasks map[uuid.UUID]map[*Subscription]bool
	pools map[string]map[*Subscription]bool
}

func (a *subscribers) addSubscription(w *Subscription) {
	if a.tasks == nil {
		a.tasks, a.pools = map[uuid.UUID]map[*Subscription]bool{}, map[string]map[*Subscription]bool{}
	}
	if w.pool != "" {
		addTo(a.pools, w.pool, w)
		return
	}
	addTo(a.tasks, w.id, w)
}

func addTo[K comparable](to map[K]map[*Subscription]bool, key K, w *Subscription) {
	if to[key] == nil {
		to[key] = map[*Subscription]bool{}
	}
	to[key][w] = true
}

// removeSubscription removes w. It has no effect when w is not registered.
func (a *subscribers) removeSubscription(w *Subscription) {
	removeFrom(a.pools, w.pool, w)
	removeFrom(a.tasks, w.id, w)
}

func removeFrom[K comparable](from map[K]map[*Subscription]bool, key K, w *Subscription) {
	if delete(from[key], w); len(from[key]) == 0 {
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
	for w := range a.tasks[n.ID] { // deliverEvent removes the subscriptions of a task that ends
		a.deliverEvent(w, n)
	}
	for w := range a.pools[n.Pool] {
		if !w.retries || n.Ended != nil {
			a.deliverEvent(w, n)
		}
	}
}

// closeSubscriptions tells every subscription that no event will follow.
func (a *subscribers) closeSubscriptions() {
	for _, some := range a.tasks {
		for w := range some {
			w.endWith(ErrClosed)
		}
	}
	for _, some := range a.pools {
		for w := range some {
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
