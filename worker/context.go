package worker

import (
	"context"
	"sync"
	"time"
)

// taskContext is the context of a task. Most handlers of small tasks never
// look at theirs, so the real one, with its channel, its timer and its place
// among those who wait for the end of the session, is made when somebody does.
type taskContext struct {
	run    *Execution
	parent context.Context

	mu     sync.Mutex
	real   context.Context // nil = nobody has looked
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // the timer of the deadline
	over   bool               // cancelled, or the task has ended
	reason error              // of that; the first one counts
}

// Deadline implements context.Context: the task's, or an earlier one.
func (c *taskContext) Deadline() (time.Time, bool) { return c.open().Deadline() }

// Done implements context.Context.
func (c *taskContext) Done() <-chan struct{} { return c.open().Done() }

// Err implements context.Context.
func (c *taskContext) Err() error { return c.open().Err() }

// Value implements context.Context. What this package asks for itself does not
// make the real context; what context asks for, to find causes, does.
func (c *taskContext) Value(key any) any {
	switch key {
	case any(runKey{}):
		return c.run
	case any(settingsKey{}):
		return c.parent.Value(key)
	}
	return c.open().Value(key)
}

// open returns the real context. One that is made late is in the state that it
// would have come to.
func (c *taskContext) open() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real != nil {
		return c.real
	}
	c.real, c.cancel = context.WithCancelCause(c.parent)
	if c.over {
		c.cancel(c.reason)
	} else if at := c.run.Task.Deadline; !at.IsZero() {
		c.real, c.stop = context.WithDeadlineCause(c.real, at, errDeadline)
	}
	return c.real
}

// end cancels the context, for a reason or, nil, because the task has ended.
func (c *taskContext) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.over, c.reason = true, reason
	}
	if c.real != nil {
		c.cancel(reason)
	}
	if c.stop != nil {
		c.stop()
	}
}
