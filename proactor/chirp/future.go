package chirp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrShutdown says that the peer was shut down. The message may or may not
	// have arrived.
	ErrShutdown = errors.New("peer is shut down")
	// ErrSending says that the message is still being sent: wait for its
	// future.
	ErrSending = errors.New("send message: the message is still being sent, wait for its future first")
	// ErrUnreachable says that the node does not listen and its connection is
	// gone.
	ErrUnreachable = errors.New("node listens nowhere and has hung up")
	// ErrRestarted says that the node came back with another identity.
	ErrRestarted = errors.New("node was restarted")
	// ErrUnreleased says that Shutdown had to release slots that the program
	// did not release.
	ErrUnreleased = errors.New("shut down peer: messages were not released in time: call Release for each when KeepSlots is set")
)

// Future is a message on its way. The error of a timeout wraps
// os.ErrDeadlineExceeded.
type Future struct {
	message     Message // a copy from the time of sending
	peerMessage *PeerMessage
	remote      *remote
	request     *Request // the request that the message belongs to, or nil

	// The peer's lock guards these fields.
	link  *link // on which it waits for an ACK
	began time.Time

	done chan struct{}
	err  error // valid when done is closed
}

// Done returns a channel that is closed when the outcome is known.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits for the outcome or for the end of ctx. A nil error means that the
// other side released the message when the peer is synchronous, or that the
// operating system has it when the peer is asynchronous. After any other
// outcome the message may or may not have arrived.
func (f *Future) Wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Request is a message on its way together with its future answer.
type Request struct {
	sent  *Future
	timer *time.Timer // starts when the message was sent

	done   chan struct{}
	answer *PeerMessage
	err    error
}

// Done returns a channel that is closed when the answer has arrived or will not
// arrive.
func (r *Request) Done() <-chan struct{} { return r.done }

// Wait waits for the answer or for the end of ctx. When the peer keeps slots,
// the caller must release the answer. An answer that arrives too late goes to
// the handler.
func (r *Request) Wait(ctx context.Context) (*PeerMessage, error) {
	select {
	case <-r.done:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// SendResult waits until the request's message was sent, see [Future.Wait].
func (r *Request) SendResult(ctx context.Context) error { return r.sent.Wait(ctx) }

// finishFuture gives a future its outcome. The caller holds the peer's lock.
func (p *Peer) finishFuture(f *Future, err error) {
	if err != nil {
		err = fmt.Errorf("send %s to %v: %w", f.message.Identity, f.peerMessage.Address, err)
	}
	f.err = err
	f.peerMessage.sending.Store(false)
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

// settleRequest gives a request its outcome. The caller holds the peer's lock.
func (p *Peer) settleRequest(r *Request, answer *PeerMessage, err error) {
	delete(p.requests, r.sent.message.Identity)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.answer, r.err = answer, err
	close(r.done)
	p.signalQuiet()
}

// expireRequest ends a request whose answer did not arrive in time.
func (p *Peer) expireRequest(r *Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.requests[r.sent.message.Identity] == r {
		p.settleRequest(r, nil, fmt.Errorf("request %s: no answer within %v: %w", r.sent.message.Identity, p.config.Timeout, os.ErrDeadlineExceeded))
	}
}
