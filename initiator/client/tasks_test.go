//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const adderINI = `
[worker:adder]
command   = ${initiator:self} job sum
queue_max = 2
`

func startAdder(t *testing.T, options ...initiatortest.Option) (*client.Client, *initiatortest.Server) {
	t.Helper()
	in := initiatortest.StartText(t, adderINI, options...)
	c := client.New(in.Initiator().Socket())
	t.Cleanup(c.Close)
	return c, in
}

func require[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSubmitWaitAndListATask(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	submitted := require[task.Task](t)(c.Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a":2,"b":3}`)}))
	ended := require[task.Task](t)(c.Wait(ctx, submitted.ID))
	if ended.State != task.Completed || string(ended.Result) != `{"sum":5}` {
		t.Errorf("%s %s, want completed {\"sum\":5}", ended.State, ended.Result)
	}
	if got := require[task.Task](t)(c.Task(ctx, submitted.ID)); got.ID != submitted.ID || len(got.History) != 1 {
		t.Errorf("%+v", got)
	}
	listed := require[[]task.Task](t)(c.List(ctx, task.Filter{Pool: "adder", State: task.Completed, Limit: 1}))
	if len(listed) != 1 || listed[0].ID != submitted.ID {
		t.Errorf("%+v", listed)
	}
	if none := require[[]task.Task](t)(c.List(ctx, task.Filter{State: task.Dead})); len(none) != 0 {
		t.Errorf("%+v", none)
	}
}

func TestRetryRunsACancelledTask(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	later := task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`), Delay: task.Seconds(3600e9)}
	kept := require[task.Task](t)(c.Submit(ctx, later))
	if got := require[task.Task](t)(c.Cancel(ctx, kept.ID)); got.State != task.Cancelled {
		t.Errorf("%s, want cancelled", got.State)
	}
	if _, err := c.Cancel(ctx, kept.ID); !errors.Is(err, &client.Error{Status: 409}) {
		t.Errorf("cancel it again: %v, want 409", err)
	}
	require[task.Task](t)(c.Retry(ctx, kept.ID))
	if got := require[task.Task](t)(c.Wait(ctx, kept.ID)); got.State != task.Completed {
		t.Errorf("%s, want completed", got.State)
	}
}

func TestWaitReturnsTheCauseOfItsContext(t *testing.T) {
	c, _ := startAdder(t)
	later := require[task.Task](t)(c.Submit(t.Context(), task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}))
	reason := errors.New("the reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := c.Wait(ctx, later.ID); !errors.Is(err, reason) {
		t.Errorf("%v, want the reason", err)
	}
}
