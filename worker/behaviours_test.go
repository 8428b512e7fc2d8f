//go:build unix

package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// behaviour is one way in which a handler can end, and how the task ends then.
type behaviour struct {
	method, data string
	end          string
	want         string
	// callerWant is the result for a caller of the direct or chirp listener;
	// "" = want.
	callerWant string
}

// handlerBehaviours returns a handler for each way in which a handler can end,
// and the outcome of each.
func handlerBehaviours() (handlers []Handler, rows []behaviour) {
	do := func(name string, f func(context.Context, json.RawMessage) (json.RawMessage, error), data, end, want string) {
		handlers = append(handlers, HandleRaw(name, f))
		rows = append(rows, behaviour{name, data, end, want, ""})
	}
	fail := func(err error) func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, err }
	}
	wrapped := func(name string, err error, end, want, callerWant string) {
		do(name, fail(err), `{}`, end, want)
		rows[len(rows)-1].callerWant = callerWant
	}
	echo := func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil }
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	do("echo", echo, `{"n":123456789012345678901234567890,"s":"<&> ✓"}`, completed, `{"n":123456789012345678901234567890,"s":"<&> ✓"}`)
	do("large", echo, large, completed, large)
	do("null", echo, `null`, completed, `null`)
	do("nothing", fail(nil), `{}`, completed, `null`)
	do("error", fail(errTest), `{}`, retried, `{"message":"a test's error"}`)
	do("panic", func(context.Context, json.RawMessage) (json.RawMessage, error) { panic("boom") }, `{}`, retried, `{"message":"panic: boom"}`)
	do("goexit", func(context.Context, json.RawMessage) (json.RawMessage, error) { runtime.Goexit(); return nil, nil }, `{}`, retried, `{"message":"the handler ended its goroutine without returning"}`)
	do("refuse", fail(TaskRefuse{Data: map[string]int{"n": 1}}), `{}`, retried, `{"n":1}`)
	do("nojson", func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage("{"), nil }, `{}`, final, `{"message":"the result of nojson is not JSON"}`)
	do("fail", fail(TaskFail{Data: map[string]int{"n": 1}}), `{}`, final, `{"n":1}`)
	do("fail.nil", fail(&TaskFail{}), `{}`, final, `{}`)
	do("fail.retry", fail(&TaskFail{Retry: true}), `{}`, retried, `{}`)
	wrapped("fail.after", RetryAfter(TaskFail{Retry: true}, 1500*time.Millisecond), retried, `{"retry_after":1.5}`, `{}`)
	do("fail.nan", fail(TaskFail{Data: math.NaN(), Retry: true}), `{}`, final, `{"message":"task failed; the data of the failure cannot be encoded as JSON: json: unsupported value: NaN"}`)
	rows[len(rows)-1].callerWant = `{"message":"marshal the data of a failure: json: unsupported value: NaN"}`
	wrapped("wrap", fmt.Errorf("database is down: %w", TaskFail{Retry: true}), retried, `{"message":"database is down: task failed"}`, "")
	wrapped("wrap.twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", &TaskFail{Data: map[string]int{"n": 1}})), final, `{"message":"a: b: task failed","n":1}`, `{"n":1}`)
	wrapped("wrap.text", fmt.Errorf("a: %w", TaskFail{Data: "text"}), final, `{"data":"text","message":"a: task failed"}`, `"text"`)
	wrapped("wrap.own", fmt.Errorf("a: %w", TaskFail{Data: map[string]string{"message": "own"}}), final, `{"message":"own"}`, `{"message":"own"}`)
	wrapped("join", errors.Join(errTest, TaskFail{Retry: true}), retried, `{"message":"a test's error\ntask failed"}`, "")
	wrapped("join.pointer", errors.Join(errTest, &TaskFail{}), final, `{"message":"a test's error\ntask failed"}`, "")
	wrapped("wrap.refuse", fmt.Errorf("a: %w", TaskRefuse{RetryAfter: time.Second}), retried, `{"message":"a: task refused","retry_after":1}`, `{"retry_after":1}`)
	do("context", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		Progress(ctx, "here")
		task, ok := TaskFromContext(ctx)
		return json.Marshal(fmt.Sprint(task.Method, task.ID != "", ok))
	}, `{}`, completed, `"contexttrue true"`)
	handlers = append(handlers,
		Handle("typed", func(_ context.Context, in addition) (int, error) { return in.A + in.B, nil }),
		Handle("nan", func(context.Context, any) (float64, error) { return math.NaN(), nil }),
		Handle("chan", func(context.Context, any) (chan int, error) { return nil, nil }),
		Handle("func", func(context.Context, any) (any, error) { return func() {}, nil }),
		Handle("marshal", func(context.Context, any) (panicsInJSON, error) { return panicsInJSON{}, nil }),
	)
	rows = append(rows,
		behaviour{"typed", `{"A":2,"B":3}`, completed, `5`, ""},
		behaviour{"typed", `"text"`, final, `{"message":"the data does not fit typed: an object is expected, not a text"}`, ""},
		behaviour{"nan", `{}`, final, `{"message":"the result of nan cannot be encoded as JSON: json: unsupported value: NaN"}`, ""},
		behaviour{"chan", `{}`, final, `{"message":"the result of chan cannot be encoded as JSON: json: unsupported type: chan int"}`, ""},
		behaviour{"func", `{}`, final, `{"message":"the result of func cannot be encoded as JSON: json: unsupported type: func()"}`, ""},
		behaviour{"marshal", `{}`, final, `{"message":"the result of marshal cannot be encoded as JSON: panic: boom"}`, ""})
	return handlers, rows
}

// panicsInJSON is a value that cannot be encoded because its method panics.
type panicsInJSON struct{}

func (panicsInJSON) MarshalJSON() ([]byte, error) { panic("boom") }

// TestEveryBehaviourThroughEveryTransport: all transports use one executor. A
// master learns whether a failure may be retried; a caller of the direct and
// chirp listeners learns only what a failure says itself.
func TestEveryBehaviourThroughEveryTransport(t *testing.T) {
	t.Parallel()
	handlers, rows := handlerBehaviours()
	for _, d := range transports() {
		t.Run(d.name, func(t *testing.T) {
			m := newMaster(t)
			p := launchAllTransports(t, Options{Handlers: handlers}) // one slot, which each task must free
			p.connect(m)
			for _, row := range rows {
				want, wantEnd := row.want, row.end
				if d.name == "direct" || d.name == "chirp" {
					if want = cmp.Or(row.callerWant, row.want); row.end == retried && (d.name == "direct" || !deliberate(row.method)) {
						wantEnd = final
					}
				}
				if d.name == "direct" && row.end != completed {
					want = string(faultValue(json.RawMessage(want)))
				}
				end, got := d.call(p, m, row.method, row.data)
				if end != wantEnd || got != want {
					t.Errorf("%s: %s %.200s\nwant %s %.200s", row.method, end, got, wantEnd, want)
				}
			}
			if end, got := d.call(p, m, "none", `{}`); end != final || !strings.Contains(got, `no method \"none\"; this worker has chan, context, echo,`) {
				t.Errorf("none: %s %s", end, got)
			}
		})
	}
}

// deliberate reports whether the handler with that name fails with a TaskFail or
// TaskRefuse.
func deliberate(method string) bool {
	return method != "error" && method != "panic" && method != "goexit"
}
