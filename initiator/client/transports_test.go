//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/worker"
)

// runMisbehavingWorker is a worker with a handler for every way in which a handler
// can end. The test binary runs it as `job behave`.
func runMisbehavingWorker() {
	raw := func(name string, f func(json.RawMessage) (json.RawMessage, error)) worker.Handler {
		return worker.HandleRaw(name, func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return f(data) })
	}
	worker.Main(
		raw("echo", func(data json.RawMessage) (json.RawMessage, error) { return data, nil }),
		raw("nothing", func(json.RawMessage) (json.RawMessage, error) { return nil, nil }),
		raw("error", func(json.RawMessage) (json.RawMessage, error) { return nil, errors.New("a test's error") }),
		raw("fail", func(json.RawMessage) (json.RawMessage, error) {
			return nil, worker.TaskFail{Data: map[string]int{"n": 1}}
		}),
		raw("retry", func(json.RawMessage) (json.RawMessage, error) { return nil, worker.TaskFail{Retry: true} }),
		raw("panic", func(json.RawMessage) (json.RawMessage, error) { panic("boom") }),
		raw("goexit", func(json.RawMessage) (json.RawMessage, error) { runtime.Goexit(); return nil, nil }),
		raw("nojson", func(json.RawMessage) (json.RawMessage, error) { return json.RawMessage("{"), nil }),
		worker.Handle("typed", func(_ context.Context, in struct{ A, B int }) (int, error) { return in.A + in.B, nil }),
	)
}

// TestTransportsReturnTheSame compares a call over the stream, over HTTP and over
// TCP with each other and with the task's record, for every way in which a handler
// can end. Package worker has the same table for its own transports.
func TestTransportsReturnTheSame(t *testing.T) {
	in := initiatortest.StartText(t, "[worker:behave]\ncommand = ${initiator:self} job behave\nattempts = 2\nretry_delay = 0\n")
	overStream, overHTTP := client.New(in.Initiator().Socket()), client.New(serveWithoutStream(t, in))
	overTCP := client.HTTP(in.Initiator().URL(), string(require[[]byte](t)(readToken(in))))
	t.Cleanup(overTCP.Close)
	t.Cleanup(overStream.Close)
	t.Cleanup(overHTTP.Close)
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	for _, row := range []struct {
		method, data string
		want         task.State
	}{
		{"echo", `{"n":123456789012345678901234567890,"s":"<&> ✓"}`, task.Completed},
		{"echo", large, task.Completed},
		{"echo", `null`, task.Completed},
		{"nothing", `{}`, task.Completed},
		{"error", `{}`, task.Dead},
		{"fail", `{}`, task.Failed},
		{"retry", `{}`, task.Dead},
		{"panic", `{}`, task.Dead},
		{"goexit", `{}`, task.Dead},
		{"nojson", `{}`, task.Failed},
		{"none", `{}`, task.Failed},
		{"typed", `{"A":2,"B":3}`, task.Completed},
		{"typed", `"text"`, task.Failed},
	} {
		var first task.Task
		for name, transport := range map[string]*client.Client{"stream": overStream, "http": overHTTP, "tcp": overTCP} {
			got, err := transport.Call(t.Context(), task.Request{Pool: "behave", Method: row.method, Data: json.RawMessage(row.data)})
			var failed *task.FailedError
			if errors.As(err, &failed) != (row.want != task.Completed) || failed == nil && err != nil || got.State != row.want {
				t.Errorf("%s over %s: %v, %s %s, want %s", row.method, name, err, got.State, got.Reason, row.want)
				continue
			}
			kept := require[task.Task](t)(in.Client().Task(t.Context(), got.ID))
			if string(got.Result) != string(kept.Result) || got.Attempt != kept.Attempt || got.State != kept.State || (got.Reason != kept.Reason && got.State != task.Completed) {
				t.Errorf("%s over %s: %.100s\nthe record: %+v", row.method, name, got.Result, kept)
			}
			if failed != nil && (failed.Record.ID != kept.ID || len(failed.Record.History) != len(kept.History)) {
				t.Errorf("%s over %s: the error has the record %+v", row.method, name, failed.Record)
			}
			same := task.Task{State: got.State, Attempt: got.Attempt, Result: got.Result, Known: got.Known}
			if first.State != "" && !reflect.DeepEqual(same, first) {
				t.Errorf("%s: %+v over %s, %+v over the other transport", row.method, same, name, first)
			}
			first = same
		}
	}
}
