package initiator

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrClosed is the error of a method that is called when Run has ended, or when
	// Shutdown or Kill was called before Run. It wraps the error of Run.
	ErrClosed = errors.New("the initiator has ended")
	// ErrStarted is the error of a second call of Run.
	ErrStarted = errors.New("run: this initiator has run already; make another with New")
)

// runState has what is known of the progress of Run. Each channel is closed
// once.
type runState struct {
	started  chan struct{} // the API answers, or Run has failed
	stopping chan struct{} // Shutdown was called
	killed   chan struct{} // Kill was called
	ended    chan struct{} // Run has returned, or will never be called

	startOnce, stopOnce, killOnce sync.Once

	mu    sync.Mutex
	begun bool  // Run was called
	over  bool  // ended is closed
	err   error // of Run; set before ended is closed
}

func newRunState() *runState {
	return &runState{started: make(chan struct{}), stopping: make(chan struct{}), killed: make(chan struct{}), ended: make(chan struct{})}
}

// beginRun lets the first Run begin, and returns the error of every other.
func (l *runState) beginRun() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.begun:
		return ErrStarted
	case l.over:
		return ErrClosed
	}
	l.begun = true
	return nil
}

// endRun notes what Run returns.
func (l *runState) endRun(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked(err)
}

// endUnlessBegun ends an initiator of which Run was not called: Run then fails.
func (l *runState) endUnlessBegun() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun && !l.over {
		l.endLocked(nil)
	}
}

func (l *runState) endLocked(err error) {
	l.over, l.err = true, err
	l.noteStarted()
	close(l.ended)
}

func (l *runState) noteStarted() { l.startOnce.Do(func() { close(l.started) }) }

func (l *runState) requestStop() {
	l.endUnlessBegun()
	l.stopOnce.Do(func() { close(l.stopping) })
}

func (l *runState) requestKill() {
	l.endUnlessBegun()
	l.killOnce.Do(func() { close(l.killed) })
}

// waitForEnd waits until Run has returned, and returns its error. It returns nil when
// Run will never be called.
func (l *runState) waitForEnd(ctx context.Context) error {
	if !isClosed(l.ended) {
		select {
		case <-l.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.err
}

// runError returns what Run has returned; nil while it runs.
func (l *runState) runError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over && !l.begun {
		return ErrClosed
	}
	return l.err
}

// closedError is ErrClosed with the reason why Run has ended; nil while Run has not
// ended.
func (l *runState) closedError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.over:
		return nil
	case l.err != nil:
		return fmt.Errorf("%w: %w", ErrClosed, l.err)
	}
	return ErrClosed
}

// waitUntilStarted returns nil once the API answers. Before Run, and while Run
// begins, there is no loop that could answer the caller. When the API answers it
// does not look at ctx: the loop that is called does.
func (l *runState) waitUntilStarted(ctx context.Context) error {
	if !isClosed(l.started) {
		select {
		case <-l.started:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.closedError()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
