package dispatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
)

// maxEvents is the number of events that a subscription holds for a slow
// reader.
const maxEvents = bounds.SubscribedEvents

// Subscription collects the events of one task, or of all tasks of a pool. It
// costs memory and no goroutine: the loop adds events, and the reader calls
// Next at its own pace. The reader must call Close.
type Subscription struct {
	d    *Dispatcher
	id   uuid.UUID // of one task
	pool string    // or of a pool
	// retries says that only events of a pool's tasks that are tried again are
	// wanted: those with Ended.
	retries bool

	mu          sync.Mutex
	events      []task.Event
	missed      int
	outputBytes int           // bytes of output text in events
	payloads    int           // bytes of progress and results in events
	endErr      error         // why no event will follow; nil = some may
	wakeup      chan struct{} // holds one token while events wait
}

// SubscribeTask subscribes to one task. The first event shows the task as it is
// now, and the last event shows that it is terminal. Errors: task.ErrUnknown,
// ErrClosed.
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

// SubscribePool subscribes to all tasks of a pool from now on. Errors:
// *UnknownPoolError, ErrClosed.
func (d *Dispatcher) SubscribePool(ctx context.Context, name string) (*Subscription, error) {
	return d.subscribePool(ctx, &Subscription{d: d, pool: name, wakeup: make(chan struct{}, 1)})
}

// SubscribeRetries subscribes to the tasks of a pool that are tried again, from
// now on: to the events with Ended. It fails as SubscribePool does.
func (d *Dispatcher) SubscribeRetries(ctx context.Context, name string) (*Subscription, error) {
	return d.subscribePool(ctx, &Subscription{d: d, pool: name, retries: true, wakeup: make(chan struct{}, 1)})
}

func (d *Dispatcher) subscribePool(ctx context.Context, w *Subscription) (*Subscription, error) {
	return w.closeOnError(askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		if d.pools[w.pool] == nil {
			m.replyAfterRound(d, struct{}{}, &UnknownPoolError{w.pool})
			return
		}
		d.subscribers.addSubscription(w)
		m.reply(struct{}{}, nil)
	}))
}

// closeOnError closes a subscription that its caller will never receive,
// because the request failed or its context ended.
func (w *Subscription) closeOnError(_ struct{}, err error) (*Subscription, error) {
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Next returns the events since the last call, and waits when there are none.
// missed is the number of events that were dropped because the reader was too
// slow. Errors: io.EOF after the end of the task, ErrClosed, and that of ctx.
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
	w.events, w.missed, w.outputBytes, w.payloads = nil, 0, 0, 0
	if len(news) == 0 {
		err = w.endErr
	}
	return news, missed, err
}

// Close ends the subscription. It does not wait.
func (w *Subscription) Close() { w.d.mailbox.Put(unsubscribeMessage{w}) }

// putEvent adds an event. A newer progress event replaces an unread one of the
// same task.
func (w *Subscription) putEvent(n task.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Output != nil {
		w.putOutputEvent(n)
		return
	}
	if last := len(w.events) - 1; last >= 0 && w.events[last].ID == n.ID && w.events[last].Output == nil && w.events[last].StateMark() == n.StateMark() {
		w.payloads += payloadBytes(n) - payloadBytes(w.events[last])
		w.events[last] = n
		w.dropPayloads()
		return
	}
	w.appendEvent(n)
}

func (w *Subscription) appendEvent(n task.Event) {
	w.events = append(w.events, n)
	w.payloads += payloadBytes(n)
	if len(w.events) > maxEvents {
		w.dropEvent(0)
	}
	w.dropPayloads()
	w.wakeReader()
}

// dropPayloads drops the oldest events while the progress and the results in all
// events are too long. The newest event stays, whatever its length: it may be the
// end of the task.
func (w *Subscription) dropPayloads() {
	for w.payloads > bounds.SubscribedPayloads && len(w.events) > 1 {
		w.dropEvent(0)
	}
}

// payloadBytes returns the length of the progress and the result in an event.
func payloadBytes(n task.Event) int { return len(n.Progress) + len(n.Result) }

// dropEvent drops an unread event to make room.
func (w *Subscription) dropEvent(i int) {
	w.payloads -= payloadBytes(w.events[i])
	if o := w.events[i].Output; o != nil {
		w.outputBytes -= len(o.Text)
	}
	w.missed++
	if i == 0 { // mostly, and then nothing has to be moved
		w.events[0] = task.Event{}
		w.events = w.events[1:]
		return
	}
	w.events = slices.Delete(w.events, i, i+1)
}

// maxOutputBytes is the number of bytes of output text that a subscription
// holds for a slow reader.
const maxOutputBytes = bounds.SubscribedOutput

// putOutputEvent adds output text. It extends the last event when the text
// continues that event's text. When too much text waits, the oldest output
// events are dropped.
func (w *Subscription) putOutputEvent(n task.Event) {
	w.outputBytes += len(n.Output.Text)
	if last := len(w.events) - 1; last >= 0 && continuesOutput(w.events[last], n) {
		w.events[last].Output = &task.Output{At: w.events[last].Output.At, Text: w.events[last].Output.Text + n.Output.Text}
	} else {
		w.appendEvent(n)
	}
	for w.outputBytes > maxOutputBytes {
		w.dropEvent(slices.IndexFunc(w.events, func(n task.Event) bool { return n.Output != nil }))
	}
}

// continuesOutput reports whether the text of n begins where the text of before
// ends. One unread event does not grow beyond outputTail bytes plus one text.
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
