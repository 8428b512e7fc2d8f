//go:build unix

package worker

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type anyKey struct{}

// newTaskContext returns the context of a running task, and the context of its
// session.
func newTaskContext(deadline time.Time) (c *taskContext, session context.Context, end context.CancelCauseFunc) {
	session, end = context.WithCancelCause(context.WithValue(context.Background(), anyKey{}, "the session's"))
	run := &execution{Task: Task{Deadline: deadline}}
	run.context.run, run.context.parent = run, session
	return &run.context, session, end
}

// TestTaskContextIsTheSameWheneverItIsRead: the context of a task shows what
// has happened to the task, whether it was first used before or after.
func TestTaskContextIsTheSameWheneverItIsRead(t *testing.T) {
	later := 10 * time.Second
	cases := map[string]struct {
		happens func(c *taskContext, end context.CancelCauseFunc)
		err     error
		cause   error
	}{
		"nothing":               {func(*taskContext, context.CancelCauseFunc) {}, nil, nil},
		"cancelled":             {func(c *taskContext, _ context.CancelCauseFunc) { c.endContext(errCancelled) }, context.Canceled, errCancelled},
		"ended":                 {func(c *taskContext, _ context.CancelCauseFunc) { c.endContext(nil) }, context.Canceled, context.Canceled},
		"cancelled, then ended": {func(c *taskContext, _ context.CancelCauseFunc) { c.endContext(errCancelled); c.endContext(nil) }, context.Canceled, errCancelled},
		"its session ended":     {func(_ *taskContext, end context.CancelCauseFunc) { end(errDisconnected) }, context.Canceled, errDisconnected},
		"its deadline passed":   {func(*taskContext, context.CancelCauseFunc) { time.Sleep(later) }, context.DeadlineExceeded, errDeadline}, //nolint:forbidigo // in a bubble
	}
	for name, tt := range cases {
		for _, looks := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				c, _, end := newTaskContext(time.Now().Add(later))
				defer end(nil)
				defer c.endContext(nil)
				var child context.Context = c
				if looks {
					sub, cancel := context.WithCancel(c)
					defer cancel()
					child = sub
				}
				tt.happens(c, end)
				synctest.Wait()
				for what, ctx := range map[string]context.Context{"the task's": c, "a child's": child} {
					if err, cause := ctx.Err(), context.Cause(ctx); !errors.Is(err, tt.err) || !errors.Is(cause, tt.cause) {
						t.Errorf("%s, looked at before: %v: %s is %v because of %v", name, looks, what, err, cause)
					}
				}
				select {
				case <-c.Done():
					if tt.err == nil {
						t.Error(name, "is done")
					}
				default:
					if tt.err != nil {
						t.Error(name, "is not done")
					}
				}
			})
		}
	}
}

func TestTaskContextHasTaskAndSession(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(time.Hour)
	c, _, end := newTaskContext(at)
	defer end(nil)
	sub := context.WithValue(c, settingsKey{}, "none")
	if run, ok := sub.Value(runKey{}).(*execution); !ok || run != c.run {
		t.Error("the task is not there")
	}
	if c.made != nil {
		t.Error("to find the task, the real context was made")
	}
	if v := sub.Value(anyKey{}); v != "the session's" {
		t.Errorf("the session's value is %v", v)
	}
	if got, ok := c.Deadline(); !ok || !got.Equal(at) {
		t.Errorf("the deadline is %v", got)
	}
	c.endContext(nil)
}

// TestTaskContextFromManyGoroutines uses a context in several goroutines while
// it is cancelled.
func TestTaskContextFromManyGoroutines(t *testing.T) {
	t.Parallel()
	c, _, end := newTaskContext(time.Time{})
	defer end(nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { <-c.Done() })
	}
	all.Go(func() { c.endContext(errCancelled) })
	all.Wait()
	if !errors.Is(context.Cause(c), errCancelled) {
		t.Error(context.Cause(c))
	}
}
