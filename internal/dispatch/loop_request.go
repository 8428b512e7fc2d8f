package dispatch

import (
	"cmp"
	"context"
	"time"
)

// loopRequest is a question to the loop that has one answer.
type loopRequest[T any] struct {
	do     func(m *loopRequest[T], now time.Time)
	done   chan struct{}
	result T
	err    error
}

func (m *loopRequest[T]) applyMessage(_ *Dispatcher, now time.Time) { m.do(m, now) }

// replyAfterRound tells the caller when what it shows is committed, or at once when
// nothing can be: what is asked may be why.
func (m *loopRequest[T]) replyAfterRound(d *Dispatcher, got T, err error) {
	d.afterRound(func(error) { m.reply(got, err) })
}

// replyWhenStored tells the caller of something that has happened, once it is kept.
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

// askLoop puts a question and waits for its answer, or for ctx. What was asked is
// done even when nobody waits any more.
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

// PingLoop returns nil once the loop has answered: it is not stuck. It asks for
// nothing, and does not wait for the queue's disk.
func (d *Dispatcher) PingLoop(ctx context.Context) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) { m.reply(struct{}{}, nil) })
	return err
}
