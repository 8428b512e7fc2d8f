package chirp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrShutdown: the peer was shut down; the message may or may not have
	// arrived.
	ErrShutdown = errors.New("peer is shut down")
	// ErrSending: the letter is still being sent; wait for its future.
	ErrSending = errors.New("send message: the letter is still being sent, wait for its future first")
	// ErrUnreachable: the node does not listen and its connection is gone.
	ErrUnreachable = errors.New("node listens nowhere and has hung up")
	// ErrRestarted: the node came back with another identity.
	ErrRestarted = errors.New("node was restarted")
	// ErrUnreleased: Shutdown had to release slots that nobody had released.
	ErrUnreleased = errors.New("shut down peer: messages were not released in time: call Release for each when KeepSlots is set")
)

// Future is a message on its way. Timeouts are errors of the kind
// os.ErrDeadlineExceeded.
type Future struct {
	message Message // what was in the letter when it was sent
	letter  *PeerMessage
	remote  *remote
	request *Request // that it is part of, or nil

	// The peer's, under its lock.
	link  *link // that it waits for an ACK on
	began time.Time

	done chan struct{}
	err  error // good when done is closed
}

// Done is closed when the outcome is known.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits for the outcome or for the end of ctx. nil means: released by the
// other side when the peer is synchronous, taken by the operating system when
// not. On any other outcome the message may or may not have arrived.
func (f *Future) Wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Request is a message on its way and the answer that is to come.
type Request struct {
	sent  *Future
	timer *time.Timer // runs from the time that the message is sent

	done   chan struct{}
	answer *PeerMessage
	err    error
}

// Done is closed when the answer is here or will not come.
func (r *Request) Done() <-chan struct{} { return r.done }

// Wait waits for the answer or for the end of ctx. When the peer keeps slots,
// the answer is to be released. An answer that comes too late goes to the
// handler.
func (r *Request) Wait(ctx context.Context) (*PeerMessage, error) {
	select {
	case <-r.done:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// SendResult waits for the request's message to be sent, see [Future.Wait].
func (r *Request) SendResult(ctx context.Context) error { return r.sent.Wait(ctx) }

// finishFuture gives a future its outcome; the peer's lock is held.
func (p *Peer) finishFuture(f *Future, err error) {
	if err != nil {
		err = fmt.Errorf("send %s to %v: %w", f.message.Identity, f.letter.Address, err)
	}
	f.err = err
	f.letter.sending.Store(false)
	close(f.done)
	p.pending--
	if r := f.request; r != nil && p.requests[f.message.Identity] == r {
		if err != nil {
			p.settleRequest(r, nil, err)
		} else {
			r.timer = time.AfterFunc(p.config.Timeout, func() { p.expireRequest(r) })
		}
	}
	p.signalQuiet()
}

// settleRequest gives a request its outcome; the peer's lock is held.
func (p *Peer) settleRequest(r *Request, answer *PeerMessage, err error) {
	delete(p.requests, r.sent.message.Identity)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.answer, r.err = answer, err
	close(r.done)
	p.signalQuiet()
}

// expireRequest ends a request whose answer did not come.
func (p *Peer) expireRequest(r *Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.requests[r.sent.message.Identity] == r {
		p.settleRequest(r, nil, fmt.Errorf("request %s: no answer within %v: %w", r.sent.message.Identity, p.config.Timeout, os.ErrDeadlineExceeded))
	}
}
