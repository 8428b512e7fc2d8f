//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

func TestWatchEndsWithTheTask(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	ready := require[task.Task](t)(c.Submit(ctx, task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}))
	var seen []task.State
	for e, err := range c.Watch(ctx, ready.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, e.State); len(seen) == 1 {
			require[task.Task](t)(c.Cancel(ctx, ready.ID))
		}
	}
	if len(seen) != 2 || seen[1] != task.Cancelled {
		t.Errorf("%v", seen)
	}
	unknown := 0
	for _, err := range c.Watch(ctx, uuid.New()) {
		if unknown++; !errors.Is(err, task.ErrNotFound) {
			t.Errorf("%v, want that there is no such task", err)
		}
	}
	if unknown != 1 {
		t.Errorf("%d pairs for a task that does not exist", unknown)
	}
}

func TestWatchPoolShowsResults(t *testing.T) {
	c, in := startAdder(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	defer func() { stop(); <-done }()
	go func() { // the watch begins at some moment during these tasks
		defer close(done)
		for ctx.Err() == nil {
			got, err := in.Client().Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`)})
			if err == nil {
				_, _ = in.Client().Wait(ctx, got.ID)
			}
		}
	}()
	for e, err := range c.WatchPool(t.Context(), "adder") {
		if err != nil {
			t.Fatal(err)
		}
		if e.State == task.Completed && string(e.Result) == `{"sum":2}` {
			break
		}
	}
}
