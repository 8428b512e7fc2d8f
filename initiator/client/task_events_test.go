package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/task"
)

func TestWatchEndsWithTheTask(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	enough := errors.New("enough")
	first := make(chan error, 1)
	ready := require[task.Task](t)(c.Submit(ctx, task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}))
	var seen []task.State
	err := c.Watch(ctx, ready.ID, func(n task.Event) error {
		if seen = append(seen, n.State); len(seen) == 1 {
			_, err := c.Cancel(ctx, ready.ID)
			first <- err
		}
		return nil
	})
	if err != nil || <-first != nil || len(seen) != 2 || seen[1] != task.Cancelled {
		t.Errorf("%v, %v", seen, err)
	}
	if err := c.Watch(ctx, uuid.New(), nil); !errors.Is(err, &client.Error{Status: 404}) {
		t.Errorf("%v, want 404", err)
	}
	if err := c.Watch(ctx, ready.ID, func(task.Event) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v, want what the function returned", err)
	}
}

func TestWatchPoolShowsResults(t *testing.T) {
	c, in := startAdder(t)
	enough := errors.New("enough")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	defer func() { stop(); <-done }()
	go func() { // the watch begins at some moment during these tasks
		defer close(done)
		for ctx.Err() == nil {
			got, err := in.Initiator().Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`)})
			if err == nil {
				_, _ = in.Initiator().Wait(ctx, got.ID)
			}
		}
	}()
	err := c.WatchPool(t.Context(), "adder", func(n task.Event) error {
		if n.State == task.Completed && string(n.Result) == `{"sum":2}` {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}
