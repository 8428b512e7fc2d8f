package workertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/worker"
	"initiator/worker/workertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type order struct {
	Item string `json:"item"`
	N    int    `json:"n"`
}

var errDown = errors.New("the database is down")

// count answers with the item n times, or with what the item asks for.
func count(ctx context.Context, in order) (string, error) {
	switch in.Item {
	case "error":
		return "", fmt.Errorf("read: %w", errDown)
	case "fail":
		return "", worker.TaskFail{Data: map[string]int{"code": 7}}
	case "fail once":
		return "", fmt.Errorf("busy: %w", worker.TaskFail{Retry: true})
	case "panic":
		panic("no such item")
	case "exit":
		runtime.Goexit()
	case "stopping":
		<-worker.Stopping(ctx)
		return "", fmt.Errorf("saved: %w", worker.ErrStopping)
	case "context":
		<-ctx.Done()
		return "", ctx.Err()
	}
	for i := range in.N {
		worker.Progress(ctx, i)
	}
	return strings.Repeat(in.Item, in.N), nil
}

// stopped tells a handler before its start that its worker stops, so many times.
func stopped(times int) worker.Middleware {
	return func(next worker.HandlerFunc) worker.HandlerFunc {
		return func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
			for range times {
				workertest.Stop(ctx)
			}
			return next(ctx, data)
		}
	}
}

// TestRun: a handler ends as in a worker.
func TestRun(t *testing.T) {
	t.Parallel()
	handler := worker.Handle("count", count)
	late := workertest.WithTask(worker.Task{Deadline: time.Now().Add(-time.Hour)})
	for _, tt := range []struct {
		name    string
		handler worker.Handler
		data    any
		option  workertest.Option
		want    string // completed, released, retry or failed; and the result
		err     string
	}{
		{"result", handler, order{"ab", 2}, nil, `completed "abab"`, ""},
		{"raw data", handler, json.RawMessage(`{"item":"x","n":3}`), nil, `completed "xxx"`, ""},
		{"no data", handler, json.RawMessage(nil), nil, `completed ""`, ""},
		{"other data", handler, "x", nil, `failed {"message":"the data does not fit count: `, "the data does not fit count"},
		{"error", handler, order{Item: "error"}, nil, `retry {"message":"read: the database is down"}`, "read: the database is down"},
		{"deliberate failure", handler, order{Item: "fail"}, nil, `failed {"code":7}`, "task failed"},
		{"failure to retry", handler, order{Item: "fail once"}, nil, `retry {"message":"busy: `, "busy: "},
		{"panic", handler, order{Item: "panic"}, nil, `retry {"message":"panic: no such item"}`, "panic: no such item"},
		{"end of the goroutine", handler, order{Item: "exit"}, nil, `retry {"message":"the handler ended its goroutine`, "ended its goroutine"},
		{"deadline", handler, order{Item: "context"}, late, `retry {"message":"the task's time is over`, "context deadline exceeded"},
		{"notice of the stop", handler.With(stopped(1)), order{Item: "stopping"}, nil, `released {"message":"saved: `, "saved: "},
		{"end of the contexts", handler.With(stopped(2)), order{Item: "context"}, nil, `released {"message":"the worker is stopping"}`, "context canceled"},
		{"result that is no JSON", worker.HandleRaw("raw", func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage("{"), nil
		}), nil, nil, `failed {"message":"the result of raw is not JSON"}`, "is not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var options []workertest.Option
			if tt.option != nil {
				options = append(options, tt.option)
			}
			got := workertest.Run(t, tt.handler, tt.data, options...)
			kind := map[bool]string{true: "completed", false: "failed"}[got.Completed]
			if got.Released {
				kind = "released"
			} else if got.Retry {
				kind = "retry"
			}
			if said := kind + " " + string(got.Result); !strings.HasPrefix(said, tt.want) {
				t.Errorf("%s\nwant %s", said, tt.want)
			}
			if (got.Err == nil) != (tt.err == "") || got.Err != nil && !strings.Contains(got.Err.Error(), tt.err) {
				t.Errorf("the error is %v, want %s", got.Err, tt.err)
			}
		})
	}
}

// TestRunKeepsErrors: errors.Is finds the handler's own error.
func TestRunKeepsErrors(t *testing.T) {
	t.Parallel()
	got := workertest.Run(t, worker.Handle("count", count), order{Item: "error"})
	var text string
	if err := got.Decode(&text); !errors.Is(got.Err, errDown) || !errors.Is(err, errDown) {
		t.Errorf("%v, %v", got.Err, err)
	}
}

// TestProgressIsWhole: every value is kept, however fast they follow.
func TestProgressIsWhole(t *testing.T) {
	t.Parallel()
	const n = 1000
	got := workertest.Run(t, worker.Handle("count", count), order{"", n})
	if len(got.Progress) != n || string(got.Progress[n-1]) != "999" {
		t.Errorf("%d values", len(got.Progress))
	}
}

// TestContext: the functions of package worker work in a context of the test.
func TestContext(t *testing.T) {
	t.Parallel()
	ctx := workertest.Context(t, workertest.WithTask(worker.Task{Method: "count", Attempt: 3}), workertest.WithSetting("Quality", "80"))
	if value, ok := worker.Setting(ctx, "quality"); !ok || value != "80" {
		t.Errorf("the setting is %q, %v", value, ok)
	}
	if _, ok := worker.Setting(ctx, "other"); ok {
		t.Error("a setting that was not given is there")
	}
	workertest.Stop(ctx)
	<-worker.Stopping(ctx)
	if ctx.Err() != nil {
		t.Error("the first Stop has ended the context")
	}
	workertest.Stop(ctx)
	if <-ctx.Done(); !errors.Is(context.Cause(ctx), worker.ErrStopping) {
		t.Error(context.Cause(ctx))
	}
	defer func() {
		if recover() == nil {
			t.Error("Stop accepts a context without a worker")
		}
	}()
	workertest.Stop(t.Context())
}
