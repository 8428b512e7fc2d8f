package worker

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/internal/handlercontext"
)

// taskContext is the context of a task. Most handlers of small tasks never use
// their context. The real context, with its channel, its timer and its
// registration with the session's context, is therefore made at the first use.
type taskContext struct {
	run    *execution
	parent context.Context

	mu     sync.Mutex
	made   context.Context // the real context; nil = not made yet
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // stops the timer of the deadline
	ended  bool               // cancelled, or the task has ended
	reason error              // the first reason for the end
}

// Deadline implements context.Context. It returns the deadline of the task or
// of the session, whichever is earlier.
func (c *taskContext) Deadline() (time.Time, bool) { return c.materialize().Deadline() }

// Done implements context.Context.
func (c *taskContext) Done() <-chan struct{} { return c.materialize().Done() }

// Err implements context.Context.
func (c *taskContext) Err() error { return c.materialize().Err() }

// Value implements context.Context. The keys of this package do not make the
// real context. The keys with which package context looks up causes do.
func (c *taskContext) Value(key any) any {
	switch key {
	case any(runKey{}):
		return c.run
	case any(settingsKey{}):
		return c.parent.Value(key)
	case any(handlercontext.Key{}):
		return c.handler()
	}
	return c.materialize().Value(key)
}

// handler returns what a client finds in the context.
func (c *taskContext) handler() any {
	h, ok := c.parent.Value(handlercontext.Key{}).(handlercontext.Handler)
	if !ok {
		return nil
	}
	h.Task, _ = uuid.Parse(c.run.Task.ID) // zero where a foreign master uses other ids
	return h
}

// materialize returns the real context. A context that is made late has the
// state that it would have had by now.
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

// endContext cancels the context. A nil reason means that the task has ended.
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
