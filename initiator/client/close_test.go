//go:build unix

package client_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// Close ends every request that is under way, and every later request fails.
func TestCloseIsFinal(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	c := client.New(in.Initiator().Socket())
	waiting := require[task.Task](t)(c.Submit(t.Context(), task.Request{Pool: "closed"}))
	asks := map[string]func(context.Context) error{
		"call":   func(ctx context.Context) error { _, err := c.Call(ctx, task.Request{Pool: "closed"}); return err },
		"wait":   func(ctx context.Context) error { _, err := c.Wait(ctx, waiting.ID); return err },
		"events": func(ctx context.Context) error { return lastError(c.Events(ctx, client.Now)) },
		"watch":  func(ctx context.Context) error { return lastError(c.Watch(ctx, waiting.ID)) },
		"logs": func(ctx context.Context) error {
			return lastError(c.Logs(ctx, report.LogQuery{Stream: "stderr", Follow: true}, "adder"))
		},
	}
	results := make(chan error)
	for name, ask := range asks {
		go func() {
			err := ask(t.Context())
			if !errors.Is(err, client.ErrClosed) {
				t.Errorf("%s, under way: %v", name, err)
			}
			results <- err
		}()
	}
	for queued := 0; queued < 2; { // the call has arrived
		queued = len(require[[]task.Task](t)(in.Client().List(t.Context(), task.Filter{Pool: "closed"})))
	}
	c.Close()
	c.Close()
	for range asks {
		<-results
	}
	asks["submit"] = func(ctx context.Context) error { _, err := c.Submit(ctx, task.Request{Pool: "adder"}); return err }
	asks["cancel"] = func(ctx context.Context) error { _, err := c.Cancel(ctx, uuid.New()); return err }
	for name, ask := range asks {
		if err := ask(t.Context()); !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s, after Close: %v", name, err)
		}
	}
}

// lastError reads an iterator to its end.
func lastError[T any](pairs func(yield func(T, error) bool)) (last error) {
	for _, err := range pairs {
		last = err
	}
	return last
}
