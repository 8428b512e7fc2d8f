package dispatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// maxEvents is how much a watch holds for somebody who does not fetch it.
const maxEvents = 1024

// Subscription collects what happens to one task, or to those of a pool. It costs
// memory and no goroutine: the loop puts news in, and whoever watches fetches
// them when it likes. Close it.
type Subscription struct {
	d    *Dispatcher
	id   uuid.UUID // of one task
	pool string    // … or of a pool

	mu          sync.Mutex
	events      []task.Event
	missed      int
	outputBytes int           // bytes of output in news
	endErr      error         // why there will be no more
	wakeup      chan struct{} // holds one token while there is something to fetch
}

// SubscribeTask watches one task. The first of the news is how it is now, and the last
// that it is terminal. Errors: task.ErrUnknown, ErrClosed.
func (d *Dispatcher) SubscribeTask(ctx context.Context, id uuid.UUID) (*Subscription, error) {
	w := &Subscription{d: d, id: id, wakeup: make(chan struct{}, 1)}
	return w.closeOnError(askLoop(ctx, d, func(m *loopRequest[struct{}], now time.Time) {
		t, ok := d.opts.Queue.FindTask(id)
		if !ok {
			m.replyAfterRound(d, struct{}{}, fmt.Errorf("watch task %s: %w", id, task.ErrNotFound))
			return
		}
		d.subscribers.addSubscription(w)
		first := queue.EventOf(&t, now)
		d.whenStored(func(err error) {
			if err == nil {
				d.subscribers.deliverEvent(w, first)
				if n, ok := d.earlierOutput(&t, now); ok {
					d.subscribers.deliverEvent(w, n)
				}
			}
			m.reply(struct{}{}, err)
		})
	}))
}

// SubscribePool watches all tasks of a pool from now on. Errors: *UnknownPoolError,
// ErrClosed.
func (d *Dispatcher) SubscribePool(ctx context.Context, name string) (*Subscription, error) {
	w := &Subscription{d: d, pool: name, wakeup: make(chan struct{}, 1)}
	return w.closeOnError(askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		if d.pools[name] == nil {
			m.replyAfterRound(d, struct{}{}, &UnknownPoolError{name})
			return
		}
		d.subscribers.addSubscription(w)
		m.reply(struct{}{}, nil)
	}))
}

// closeOnError drops a watch that nobody will close, because its opener has given up.
func (w *Subscription) closeOnError(_ struct{}, err error) (*Subscription, error) {
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
func (w *Subscription) Next(ctx context.Context) (news []task.Event, missed int, err error) {
	for {
		if news, missed, err = w.takeEvents(); len(news) > 0 || err != nil {
			return news, missed, err
		}
		select {
		case <-w.wakeup:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

func (w *Subscription) takeEvents() (news []task.Event, missed int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	news, missed = w.events, w.missed
	w.events, w.missed, w.outputBytes = nil, 0, 0
	if len(news) == 0 {
		err = w.endErr
	}
	return news, missed, err
}

// Close ends the watch. It does not wait.
func (w *Subscription) Close() { w.d.mailbox.Put(unsubscribeMessage{w}) }

// putEvent adds news. Of progress that nobody has fetched, only the newest counts.
func (w *Subscription) putEvent(n task.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Output != nil {
		w.putOutputEvent(n)
		return
	}
	if last := len(w.events) - 1; last >= 0 && w.events[last].ID == n.ID && w.events[last].Output == nil && w.events[last].StateMark() == n.StateMark() {
		w.events[last] = n
		return
	}
	w.appendEvent(n)
}

func (w *Subscription) appendEvent(n task.Event) {
	if w.events = append(w.events, n); len(w.events) > maxEvents {
		w.dropEvent(0)
	}
	w.wakeReader()
}

// dropEvent drops one of the news that nobody has fetched in time.
func (w *Subscription) dropEvent(i int) {
	if o := w.events[i].Output; o != nil {
		w.outputBytes -= len(o.Text)
	}
	w.events = slices.Delete(w.events, i, i+1)
	w.missed++
}

// maxOutputBytes is how much text a watch holds for somebody who does not fetch it,
// in bytes.
const maxOutputBytes = 256 << 10

// putOutputEvent adds text, to what waits of the same try where that is the last of
// the news; of too much, the oldest goes.
func (w *Subscription) putOutputEvent(n task.Event) {
	w.outputBytes += len(n.Output.Text)
	if last := len(w.events) - 1; last >= 0 && continuesOutput(w.events[last], n) {
		w.events[last].Output = &proactor.TaskOutput{At: w.events[last].Output.At, Text: w.events[last].Output.Text + n.Output.Text}
	} else {
		w.appendEvent(n)
	}
	for w.outputBytes > maxOutputBytes {
		w.dropEvent(slices.IndexFunc(w.events, func(n task.Event) bool { return n.Output != nil }))
	}
}

// continuesOutput says whether text goes on where that of other news ends. What waits
// in one piece is not longer than what is told at once.
func continuesOutput(before, n task.Event) bool {
	o := before.Output
	return o != nil && before.ID == n.ID && before.Try == n.Try && o.At+int64(len(o.Text)) == n.Output.At && len(o.Text) < outputTail
}

func (w *Subscription) endWith(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endErr = why
	w.wakeReader()
}

func (w *Subscription) wakeReader() {
	select {
	case w.wakeup <- struct{}{}:
	default:
	}
}
