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
	run    *execution
	parent context.Context

	mu     sync.Mutex
	made   context.Context // nil = nobody has looked
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // the timer of the deadline
	ended  bool               // cancelled, or the task has ended
	reason error              // of that; the first one counts
}

// Deadline implements context.Context: the task's, or an earlier one.
func (c *taskContext) Deadline() (time.Time, bool) { return c.materialize().Deadline() }

// Done implements context.Context.
func (c *taskContext) Done() <-chan struct{} { return c.materialize().Done() }

// Err implements context.Context.
func (c *taskContext) Err() error { return c.materialize().Err() }

// Value implements context.Context. What this package asks for itself does not
// make the real context; what context asks for, to find causes, does.
func (c *taskContext) Value(key any) any {
	switch key {
	case any(runKey{}):
		return c.run
	case any(settingsKey{}):
		return c.parent.Value(key)
	}
	return c.materialize().Value(key)
}

// materialize returns the real context. One that is made late is in the state that it
// would have come to.
func (c *taskContext) materialize() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		return c.made
	}
	c.made, c.cancel = context.WithCancelCause(c.parent)
	if c.ended {
		c.cancel(c.reason)
	} else if at := c.run.Task.Deadline; !at.IsZero() {
		c.made, c.stop = context.WithDeadlineCause(c.made, at, errDeadline)
	}
	return c.made
}

// endContext cancels the context, for a reason or, nil, because the task has ended.
func (c *taskContext) endContext(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended, c.reason = true, reason
	}
	if c.made != nil {
		c.cancel(reason)
	}
	if c.stop != nil {
		c.stop()
	}
}
