//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

func TestContextsEndAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		drain, timeout, sinceNotice, want int
	}{
		{drain: 30, timeout: 10, sinceNotice: 0, want: 5},  // no notice before the signal
		{drain: 30, timeout: 10, sinceNotice: 30, want: 0}, // the signal at the end of drain
		{drain: 30, timeout: 10, sinceNotice: 33, want: 0},
		{drain: 30, timeout: 10, sinceNotice: 28, want: 2}, // a process that got the signal early
		{drain: 0, timeout: 10, sinceNotice: 0, want: 0},
		{drain: 3, timeout: 10, sinceNotice: 0, want: 3},
		{drain: 30, timeout: 0, sinceNotice: 0, want: 0},
	}
	for _, tt := range tests {
		times := stopTimes{drain: time.Duration(tt.drain) * time.Second, timeout: time.Duration(tt.timeout) * time.Second}
		if got := times.contextsEndAfter(time.Duration(tt.sinceNotice) * time.Second); got != time.Duration(tt.want)*time.Second {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

func TestStopTimesOfTheSection(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]stopTimes{
		"drain = 30\nstopwaitsecs = 10\n": {30 * time.Second, 9 * time.Second}, // returns before the KILL
		"drain = 0\nstopwaitsecs = 0\n":   {0, 0},
		"":                                {40 * time.Second, 40 * time.Second},
	} {
		g, err := readStartConfig(t.Context(), Options{
			Stdin: strings.NewReader("[a]\n" + section), StopTimeout: 40 * time.Second, Getenv: func(string) string { return "" },
		}.withDefaults())
		if err != nil || g.stopTimes != want {
			t.Errorf("%q: %+v, %v", section, g.stopTimes, err)
		}
	}
}

func TestStoppingOutsideATask(t *testing.T) {
	t.Parallel()
	if c := Stopping(context.Background()); c != nil {
		t.Error("a context without a task has a channel")
	}
}

// stopHandlers are handlers that end when their worker stops, each in another
// way.
func stopHandlers(began chan<- struct{}, release <-chan struct{}) []Handler {
	on := func(name string, end func(context.Context) (json.RawMessage, error)) Handler {
		return HandleRaw(name, func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			began <- struct{}{}
			return end(ctx)
		})
	}
	return []Handler{
		on("early", func(ctx context.Context) (json.RawMessage, error) {
			<-Stopping(ctx)
			return nil, fmt.Errorf("page 3 of 7 is saved: %w", ErrStopping)
		}),
		on("early.result", func(ctx context.Context) (json.RawMessage, error) {
			<-Stopping(ctx)
			return json.RawMessage(`"done"`), nil
		}),
		on("ctx", func(ctx context.Context) (json.RawMessage, error) { <-ctx.Done(); return nil, ctx.Err() }),
		on("late.result", func(ctx context.Context) (json.RawMessage, error) {
			<-ctx.Done()
			return json.RawMessage(`"done"`), nil
		}),
		on("late.error", func(ctx context.Context) (json.RawMessage, error) { <-ctx.Done(); return nil, errTest }),
		on("late.panic", func(ctx context.Context) (json.RawMessage, error) { <-ctx.Done(); panic("boom") }),
		on("late.final", func(ctx context.Context) (json.RawMessage, error) { <-ctx.Done(); return nil, TaskFail{} }),
		on("ignores", func(context.Context) (json.RawMessage, error) { <-release; return nil, nil }),
	}
}

// TestStopHandsTasksBack: after the stop signal the contexts of tasks end with
// ErrStopping, and a task that fails then is handed back. A result and a
// deliberate final failure are reported. Run returns nil.
func TestStopHandsTasksBack(t *testing.T) {
	t.Parallel()
	const stopping = `{"message":"the worker is stopping"}`
	tests := []struct{ method, end, want string }{
		{"early", handed, `{"message":"page 3 of 7 is saved: the worker is stopping"}`},
		{"early.result", completed, `"done"`},
		{"ctx", handed, stopping},
		{"late.result", completed, `"done"`},
		{"late.error", handed, `{"message":"a test's error"}`},
		{"late.panic", handed, `{"message":"panic: boom"}`},
		{"late.final", final, `{}`},
	}
	for _, d := range transports() {
		if d.name == "direct" || d.name == "chirp" {
			continue
		}
		for _, tt := range tests {
			t.Run(d.name+", "+tt.method, func(t *testing.T) {
				t.Parallel()
				began := make(chan struct{}, 1)
				m := newMaster(t)
				p := launchAllTransports(t, Options{Handlers: stopHandlers(began, nil), Stdin: strings.NewReader("[a1b2]\ndrain = 0\nstopwaitsecs = 60\n")})
				p.connect(m)
				got := make(chan [2]string, 1)
				go func() {
					end, result := d.call(p, m, tt.method, `{}`)
					got <- [2]string{end, result}
				}()
				await(t, began, "the task")
				p.stop()
				if got := await(t, got, "the end of the task"); got != [2]string{tt.end, tt.want} {
					t.Errorf("got %s, want %s %s", got, tt.end, tt.want)
				}
				if err := p.waitEnded(); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
		}
	}
}

// TestDirectCallerOfAStoppingWorkerGetsAnError with the words of ErrStopping.
func TestDirectCallerOfAStoppingWorkerGetsAnError(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 1)
	p := launch(t, Options{Handlers: stopHandlers(began, nil), Stdin: strings.NewReader("[a1b2]\ndrain = 0\nstopwaitsecs = 60\n")})
	got := make(chan string, 1)
	go func() {
		status, body := p.direct(`{"method":"ctx"}`)
		got <- fmt.Sprint(status, " ", body)
	}()
	await(t, began, "the call")
	p.stop()
	if got := await(t, got, "the answer"); got != `500 {"error":{"code":1000,"value":"the worker is stopping"}}` {
		t.Error(got)
	}
}

// TestNoticeTellsHandlers: the master's notice closes Stopping and ends no
// context. The worker goes on, also with new tasks.
func TestNoticeTellsHandlers(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"heartbeat", "stream"} {
		t.Run(transport, func(t *testing.T) {
			began := make(chan struct{}, 1)
			m := newMaster(t)
			p := launch(t, Options{Handlers: append(testHandlers(), stopHandlers(began, nil)...), Slots: 2})
			p.connect(m)
			p.give(m, "1", "early", `{}`)
			await(t, began, "the task")
			if transport == "stream" {
				m.openStream(p).send(chirp.ID{}, stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, `{"stopping":true}`)
			} else {
				m.answerWith(noticingMaster(m))
			}
			got := await(t, m.results, "the end of the task")
			if end := endOf(got.path == "complete", got.Retry, got.Code); end != handed || !got.Retry {
				t.Errorf("%s, retry %v", end, got.Retry)
			}
			m.answer.Store(nil)
			p.give(m, "2", "echo", `"next"`)
			m.wantResult(t, `2 complete "next"`)
			p.give(m, "3", "early.result", `{}`) // begins after the notice
			m.wantResult(t, `3 complete "done"`)
		})
	}
}

// noticingMaster answers heartbeats with the notice.
func noticingMaster(m *master) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slave/heartbeat" {
			webhook.Success.WriteAnswer(w, "", webhook.HeartbeatAnswer{Stopping: true})
			return
		}
		body, _ := webhook.ReadBody(w, r, 1<<20)
		m.record(r.Method+" "+r.URL.Path, r.Header.Get("Token"), body)
		webhook.Success.WriteAnswer(w, "", nil)
	}
}

// TestErrStoppingWithoutAStopIsAnError like any other.
func TestErrStoppingWithoutAStopIsAnError(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{HandleRaw("h", func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, ErrStopping })}})
	p.connect(m)
	p.give(m, "1", "", `{}`)
	if got := await(t, m.results, "the result"); got.Code != 0 || !got.Retry {
		t.Errorf("%+v", got.ResultBody)
	}
}
