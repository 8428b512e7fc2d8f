package call

import (
	"context"
	"fmt"
)

// Future is a call in the background. [Pool.Go] makes it.
type Future struct {
	done   chan struct{}
	cancel context.CancelFunc
	result Result
	err    error
}

// Go starts a call and returns at once. The call ends early when ctx ends or
// [Future.Cancel] is called; its worker then cancels the context of the method.
func (p *Pool) Go(ctx context.Context, method string, params any, options ...Option) *Future {
	ctx, cancel := context.WithCancel(ctx)
	f := &Future{done: make(chan struct{}), cancel: cancel}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		f.err = fmt.Errorf("call %s: %w", method, ErrClosed)
		cancel()
		close(f.done)
		return f
	}
	p.background.Go(func() {
		defer close(f.done)
		defer cancel()
		f.result, f.err = p.Invoke(ctx, method, params, options...)
	})
	return f
}

// Done returns a channel that is closed when the call has ended.
func (f *Future) Done() <-chan struct{} { return f.done }

// Join waits for the result. When ctx ends first, Join returns its cause and
// the call goes on.
func (f *Future) Join(ctx context.Context) (Result, error) {
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// Cancel ends the call; its worker cancels the context of the method. The error
// of Join then wraps context.Canceled. Cancel does nothing after the end of the
// call.
func (f *Future) Cancel() { f.cancel() }
