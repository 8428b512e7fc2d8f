package dispatch

import (
	"cmp"
	"context"
	"time"
)

// loopRequest is a request to the loop that has one answer.
type loopRequest[T any] struct {
	do     func(m *loopRequest[T], now time.Time)
	done   chan struct{}
	result T
	err    error
}

func (m *loopRequest[T]) applyMessage(_ *Dispatcher, now time.Time) { m.do(m, now) }

// replyAfterRound answers once the round's changes are committed, so that the
// answer shows nothing that could still be lost. It also answers when the
// commit fails: the failure may be what the caller asks about.
func (m *loopRequest[T]) replyAfterRound(d *Dispatcher, got T, err error) {
	d.afterRound(func(error) { m.reply(got, err) })
}

// replyWhenStored answers with the result of a change, once the queue has
// stored it.
func (m *loopRequest[T]) replyWhenStored(d *Dispatcher, got T, err error) {
	d.whenStored(func(kept error) { m.reply(got, cmp.Or(err, kept)) })
}

func (m *loopRequest[T]) reply(got T, err error) {
	m.result, m.err = got, err
	close(m.done)
}

// refuseClosed answers when the loop has ended.
func (m *loopRequest[T]) refuseClosed() {
	m.err = ErrClosed
	close(m.done)
}

// askLoop sends a request to the loop and waits for its answer, or for ctx. The
// loop carries out the request even when the caller no longer waits.
func askLoop[T any](ctx context.Context, d *Dispatcher, do func(*loopRequest[T], time.Time)) (T, error) {
	m := &loopRequest[T]{do: do, done: make(chan struct{})}
	var none T
	if !d.mailbox.Put(m) {
		return none, ErrClosed
	}
	select {
	case <-m.done:
		return m.result, m.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// PingLoop returns nil once the loop has answered, which shows that the loop is
// not stuck. It changes nothing and does not wait for the queue's disk.
func (d *Dispatcher) PingLoop(ctx context.Context) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) { m.reply(struct{}{}, nil) })
	return err
}
