package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"initiator/initiator/api/client"
	"initiator/initiator/task"
)

// follow waits for the end of a task. A person sees meanwhile how far it is; a
// watch that breaks off is no fault of the wait.
func (a *app) follow(ctx context.Context, c *client.Client, id uuid.UUID) (task.Task, error) {
	if !a.err.terminal {
		return c.Wait(ctx, id)
	}
	m := &meter{screen: a.err}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = c.Watch(watching, id, func(n task.News) error { m.show(progressOf(n)); return nil })
	}()
	t, err := c.Wait(ctx, id)
	stop()
	<-watched
	m.show("")
	return t, err
}

// progressOf is a task on its way, in one line.
func progressOf(n task.News) string {
	switch {
	case n.State.Terminal():
		return ""
	case len(n.Progress) > 0:
		return fmt.Sprintf("%s %s, attempt %d: %s", n.Pool, n.State, n.Attempt, n.Progress)
	case n.State == task.Running:
		return fmt.Sprintf("%s %s, attempt %d", n.Pool, n.State, n.Attempt)
	}
	return fmt.Sprintf("%s %s: %s", n.Pool, n.State, n.Reason)
}
