package initiator

import (
	"context"
	"errors"
	"sync"
)

// errEnded is the answer of a method that is called when Run has ended.
var errEnded = errors.New("the initiator has ended")

// runState has what is known of the progress of Run. Each channel is closed
// once.
type runState struct {
	begin sync.Once // Run was called

	listening chan struct{} // the API answers
	stopping  chan struct{} // Shutdown was called
	killed    chan struct{} // Kill was called
	ended     chan struct{} // Run has returned

	stopOnce, killOnce sync.Once
}

func newRunState() *runState {
	return &runState{listening: make(chan struct{}), stopping: make(chan struct{}), killed: make(chan struct{}), ended: make(chan struct{})}
}

func (l *runState) requestStop() { l.stopOnce.Do(func() { close(l.stopping) }) }

func (l *runState) requestKill() { l.killOnce.Do(func() { close(l.killed) }) }

// waitUntilListening returns nil once the API answers. Before Run, and while Run
// begins, there is no loop that could answer the caller. When the API answers it
// does not look at ctx: the loop that is called does.
func (l *runState) waitUntilListening(ctx context.Context) error {
	if isClosed(l.listening) {
		return nil
	}
	select {
	case <-l.listening:
		return nil
	case <-l.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
