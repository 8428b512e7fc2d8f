package dispatch

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
)

// mostNews is how much a watch holds for somebody who does not fetch it.
const mostNews = 1024

// Subscription collects what happens to one task, or to those of a pool. It costs
// memory and no goroutine: the loop puts news in, and whoever watches fetches
// them when it likes. Close it.
type Subscription struct {
	d    *Dispatcher
	id   uuid.UUID // of one task
	pool string    // … or of a pool

	mu      sync.Mutex
	news    []task.News
	missed  int
	written int           // bytes of output in news
	over    error         // why there will be no more
	bell    chan struct{} // holds one token while there is something to fetch
}

// SubscribeTask watches one task. The first of the news is how it is now, and the last
// that it is terminal. Errors: task.ErrUnknown, ErrClosed.
func (d *Dispatcher) SubscribeTask(ctx context.Context, id uuid.UUID) (*Subscription, error) {
	w := &Subscription{d: d, id: id, bell: make(chan struct{}, 1)}
	return w.opened(ask(ctx, d, func(m *ask1[struct{}], now time.Time) {
		t, ok := d.o.Queue.Get(id)
		if !ok {
			m.answer(d, struct{}{}, fmt.Errorf("watch task %s: %w", id, task.ErrUnknown))
			return
		}
		d.audience.add(w)
		first := t.News(now)
		d.whenKept(func(err error) {
			if err == nil {
				d.audience.give(w, first)
				if n, ok := d.before(&t, now); ok {
					d.audience.give(w, n)
				}
			}
			m.tell(struct{}{}, err)
		})
	}))
}

// SubscribePool watches all tasks of a pool from now on. Errors: *UnknownPoolError,
// ErrClosed.
func (d *Dispatcher) SubscribePool(ctx context.Context, name string) (*Subscription, error) {
	w := &Subscription{d: d, pool: name, bell: make(chan struct{}, 1)}
	return w.opened(ask(ctx, d, func(m *ask1[struct{}], _ time.Time) {
		if d.pools[name] == nil {
			m.answer(d, struct{}{}, &UnknownPoolError{name})
			return
		}
		d.audience.add(w)
		m.tell(struct{}{}, nil)
	}))
}

// opened drops a watch that nobody will close, because its opener has given up.
func (w *Subscription) opened(_ struct{}, err error) (*Subscription, error) {
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Next returns the news since the last call, and waits for some where there
// are none; missed counts those that were dropped because they were not
// fetched in time. Errors: io.EOF behind the end of the task, ErrClosed, and
// ctx's.
func (w *Subscription) Next(ctx context.Context) (news []task.News, missed int, err error) {
	for {
		if news, missed, err = w.take(); len(news) > 0 || err != nil {
			return news, missed, err
		}
		select {
		case <-w.bell:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

func (w *Subscription) take() (news []task.News, missed int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	news, missed = w.news, w.missed
	w.news, w.missed, w.written = nil, 0, 0
	if len(news) == 0 {
		err = w.over
	}
	return news, missed, err
}

// Close ends the watch. It does not wait.
func (w *Subscription) Close() { w.d.box.Put(unwatchMessage{w}) }

type unwatchMessage struct{ w *Subscription }

func (m unwatchMessage) apply(d *Dispatcher, _ time.Time) { d.audience.drop(m.w) }

// put adds news. Of progress that nobody has fetched, only the newest counts.
func (w *Subscription) put(n task.News) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Output != nil {
		w.putOutput(n)
		return
	}
	if last := len(w.news) - 1; last >= 0 && w.news[last].ID == n.ID && w.news[last].Output == nil && w.news[last].Mark() == n.Mark() {
		w.news[last] = n
		return
	}
	w.add(n)
}

func (w *Subscription) add(n task.News) {
	if w.news = append(w.news, n); len(w.news) > mostNews {
		w.leaveOut(0)
	}
	w.ring()
}

// leaveOut drops one of the news that nobody has fetched in time.
func (w *Subscription) leaveOut(i int) {
	if o := w.news[i].Output; o != nil {
		w.written -= len(o.Text)
	}
	w.news = slices.Delete(w.news, i, i+1)
	w.missed++
}

// mostOutput is how much text a watch holds for somebody who does not fetch it,
// in bytes.
const mostOutput = 256 << 10

// putOutput adds text, to what waits of the same try where that is the last of
// the news; of too much, the oldest goes.
func (w *Subscription) putOutput(n task.News) {
	w.written += len(n.Output.Text)
	if last := len(w.news) - 1; last >= 0 && follows(w.news[last], n) {
		w.news[last].Output = &proactor.Output{At: w.news[last].Output.At, Text: w.news[last].Output.Text + n.Output.Text}
	} else {
		w.add(n)
	}
	for w.written > mostOutput {
		w.leaveOut(slices.IndexFunc(w.news, func(n task.News) bool { return n.Output != nil }))
	}
}

// follows says whether text goes on where that of other news ends. What waits
// in one piece is not longer than what is told at once.
func follows(before, n task.News) bool {
	o := before.Output
	return o != nil && before.ID == n.ID && before.Try == n.Try && o.At+int64(len(o.Text)) == n.Output.At && len(o.Text) < outputTail
}

func (w *Subscription) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = why
	w.ring()
}

func (w *Subscription) ring() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// audience is everybody who watches. It belongs to the loop.
type audience struct {
	tasks map[uuid.UUID][]*Subscription
	pools map[string][]*Subscription
}

func (a *audience) add(w *Subscription) {
	if a.tasks == nil {
		a.tasks, a.pools = map[uuid.UUID][]*Subscription{}, map[string][]*Subscription{}
	}
	if w.pool != "" {
		a.pools[w.pool] = append(a.pools[w.pool], w)
		return
	}
	a.tasks[w.id] = append(a.tasks[w.id], w)
}

// drop is of no effect for one that is not there.
func (a *audience) drop(w *Subscription) {
	without(a.pools, w.pool, w)
	without(a.tasks, w.id, w)
}

func without[K comparable](from map[K][]*Subscription, key K, w *Subscription) {
	if len(from[key]) == 0 {
		return
	}
	left := slices.DeleteFunc(from[key], func(other *Subscription) bool { return other == w })
	if from[key] = left; len(left) == 0 {
		delete(from, key)
	}
}

// give tells one of them, for the last time when the task has ended.
func (a *audience) give(w *Subscription, n task.News) {
	w.put(n)
	if w.pool == "" && n.State.Terminal() {
		w.end(io.EOF)
		a.drop(w)
	}
}

func (a *audience) tell(n task.News) {
	for _, w := range slices.Clone(a.tasks[n.ID]) { // those of one that ends go
		a.give(w, n)
	}
	for _, w := range a.pools[n.Pool] {
		a.give(w, n)
	}
}

// close tells everybody that there will be no more.
func (a *audience) close() {
	for _, some := range a.tasks {
		for _, w := range some {
			w.end(ErrClosed)
		}
	}
	for _, some := range a.pools {
		for _, w := range some {
			w.end(ErrClosed)
		}
	}
}

// wants says whether anybody watches a task. Where nobody does, news cost
// nothing.
func (a *audience) wants(id uuid.UUID, pool string) bool {
	return len(a.tasks[id]) > 0 || len(a.pools[pool]) > 0
}

// announce tells those who watch a task what has become of it, once it is kept.
func (d *Dispatcher) announce(t *task.Task, now time.Time) {
	if d.audience.wants(t.ID, t.Pool) {
		n := t.News(now)
		d.whenKept(func(err error) {
			if err == nil {
				d.audience.tell(n)
			}
		})
	}
}

// born announces a new task. One that could not be kept has never been.
func (d *Dispatcher) born(t *task.Task, now time.Time) {
	if d.audience.wants(t.ID, t.Pool) {
		n := t.News(now)
		d.then(func(err error) {
			if err == nil {
				d.audience.tell(n)
			}
		})
	}
}

// moved announces the progress of a running task.
func (d *Dispatcher) moved(id uuid.UUID, pool string, now time.Time) {
	if !d.audience.wants(id, pool) {
		return
	}
	if t, ok := d.o.Queue.Get(id); ok {
		d.announce(&t, now)
	}
}
