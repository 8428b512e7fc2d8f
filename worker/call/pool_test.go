//go:build unix

package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"initiator/worker"
	"initiator/worker/call"
)

func TestPoolCallsWorkers(t *testing.T) {
	for _, coding := range []string{"none", "gzip", "zstd"} {
		for _, codec := range []call.Codec{call.JSON, gobCodec{}} {
			w := launch(t, worker.Options{Handlers: testHandlers(), Codecs: []call.Codec{gobCodec{}}})
			p, _ := newPool(t, call.Options{
				Addresses: []string{w}, // without a scheme
				Defaults:  []call.Option{ownToken, call.WithCompression(coding), call.WithCodec(codec)},
			})
			want := strings.Repeat("x", 5000)
			got, err := call.Invoke[map[string]string](t.Context(), p, "account.balance", map[string]any{"of": want})
			if err != nil || got["of"] != want {
				t.Errorf("%s %s: %.80v %v", coding, codec.MIME(), got, err)
			}
			_, err = p.Method("fail").Method("toto").Invoke(t.Context(), nil)
			if answer := wantError(t, err, 500, 4242); answer.Value != "Test Toto Exception" {
				t.Errorf("%s: %v", codec.MIME(), err)
			}
			_, err = p.Invoke(t.Context(), "none", nil)
			wantError(t, err, 404, 1000)
		}
	}
}

func TestCallWithoutTokenIsRefused(t *testing.T) {
	w := launch(t, worker.Options{})
	p, _ := newPool(t, call.Options{Addresses: []string{w}})
	_, err := p.Invoke(t.Context(), "account.balance", 1)
	wantError(t, err, 401, 1004)
}

// TestTimeoutWorksWithAndWithoutRetries, unlike in toto, where a timeout needs
// retries.
func TestTimeoutWorksWithAndWithoutRetries(t *testing.T) {
	tests := []struct {
		name             string
		defaults, called []call.Option
		calls            int64
	}{
		{"of the pool", []call.Option{call.WithTimeout(time.Millisecond)}, nil, 1},
		{"of the call", nil, []call.Option{call.WithTimeout(time.Millisecond)}, 1},
		{"with retries", []call.Option{call.WithTimeout(time.Hour), call.WithRetries(9)}, []call.Option{call.WithTimeout(50 * time.Millisecond), call.WithRetries(2)}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, calls := silentServer(t)
			p, _ := newPool(t, call.Options{Addresses: []string{url}, Defaults: tt.defaults})
			_, err := p.Invoke(t.Context(), "m", nil, tt.called...)
			if !errors.Is(err, call.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if n := calls.Load(); n > tt.calls {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestMethodsAreCalledByDottedName: a method called by its name and a method
// below another method are the same.
func TestMethodsAreCalledByDottedName(t *testing.T) {
	p, _ := newPool(t, call.Options{Addresses: []string{launch(t, worker.Options{})}, Defaults: []call.Option{ownToken}})
	for _, m := range []call.Method{p.Method("account.balance"), p.Method("account").Method("balance")} {
		if m.Name() != "account.balance" {
			t.Error(m.Name())
		}
		invoked, err := m.Invoke(t.Context(), 7)
		if err != nil || string(invoked.Bytes()) != "7" {
			t.Errorf("Invoke: %s %v", invoked.Bytes(), err)
		}
		joined, err := m.Go(t.Context(), 7, call.WithTimeout(-1)).Join(t.Context())
		if err != nil || string(joined.Bytes()) != "7" {
			t.Errorf("Go: %s %v", joined.Bytes(), err)
		}
	}
}

// TestNegativeTimeoutMeansNone: only the end of the caller's context and Cancel
// end the call.
func TestNegativeTimeoutMeansNone(t *testing.T) {
	url, calls := silentServer(t)
	p, events := newPool(t, call.Options{Addresses: []string{url}, Defaults: []call.Option{call.WithTimeout(time.Nanosecond)}})
	for name, end := range map[string]func(f *call.Future, cancelContext func()){
		"the context": func(_ *call.Future, cancelContext func()) { cancelContext() },
		"Cancel":      func(f *call.Future, _ func()) { f.Cancel() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		before := calls.Load()
		f := p.Go(ctx, "m", nil, call.WithTimeout(-1))
		awaitCondition(t, func() bool { return calls.Load() > before })
		select {
		case <-f.Done():
			t.Errorf("%s: the call ended before it", name)
		default:
		}
		end(f, cancel)
		if _, err := f.Join(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(events) > 0 {
		t.Error("the worker left the rotation because its caller gave up")
	}
}

// TestCancelReachesTheHandler of the worker, and does nothing after the end.
func TestCancelReachesTheHandler(t *testing.T) {
	began, ended := make(chan struct{}, 1), make(chan error, 1)
	gate := worker.HandleRaw("gate", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		began <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	p, _ := newPool(t, call.Options{
		Addresses: []string{launch(t, worker.Options{Handlers: []worker.Handler{gate}})},
		Defaults:  []call.Option{ownToken},
	})
	f := p.Method("gate").Go(t.Context(), nil, call.WithTimeout(-1))
	await(t, began, "the handler to start")
	f.Cancel()
	if err := await(t, ended, "the handler to end"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, first := f.Join(t.Context())
	f.Cancel()
	if _, second := f.Join(t.Context()); !errors.Is(first, context.Canceled) || second != first {
		t.Error(first, second)
	}
}

func TestRoundRobinFollowsAddressChanges(t *testing.T) {
	var a, b, c atomic.Int64
	ua, ub, uc := namedServer(t, "a", &a), namedServer(t, "b", &b), namedServer(t, "c", &c)
	p, _ := newPool(t, call.Options{Addresses: []string{ua, ub}})
	calls := func(n int) string {
		a.Store(0)
		b.Store(0)
		c.Store(0)
		for range n {
			if _, err := p.Invoke(t.Context(), "m", nil); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprint(a.Load(), b.Load(), c.Load())
	}
	steps := []struct {
		do   func() error
		n    int
		want string
	}{
		{func() error { return nil }, 10, "5 5 0"},
		{func() error { return p.AddAddress(uc) }, 9, "3 3 3"},
		{func() error { return p.AddAddress(uc) }, 9, "3 3 3"}, // the address keeps its state
		{func() error { return p.RemoveAddress(ua) }, 8, "0 4 4"},
		{func() error { return p.SetAddresses(ua, uc) }, 8, "4 0 4"},
	}
	for i, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if got := calls(s.n); got != s.want {
			t.Errorf("step %d: %s, want %s", i, got, s.want)
		}
	}
	if err := p.SetAddresses(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Error(err)
	}
}

// TestCallThatDidNotRunIsOfferedToOtherAddresses even without retries: one
// address refuses connections, another has no free slot.
func TestCallThatDidNotRunIsOfferedToOtherAddresses(t *testing.T) {
	began, release := make(chan struct{}, 1), make(chan struct{})
	gate := worker.HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		began <- struct{}{}
		<-release
		return nil, nil
	})
	full := launch(t, worker.Options{Handlers: append(testHandlers(), gate)})
	free := launch(t, worker.Options{Handlers: testHandlers()})
	p, events := newPool(t, call.Options{Addresses: []string{full}, Defaults: []call.Option{ownToken}})
	held := p.Go(t.Context(), "gate", nil)
	await(t, began, "the call that holds the slot")
	if err := p.SetAddresses(refusingAddress(t), full, free); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if got, err := call.Invoke[int](t.Context(), p, "account.balance", 5); err != nil || got != 5 {
			t.Errorf("%v %v", got, err)
		}
	}
	if e := await(t, events, "the address that refuses connections to leave"); e.live {
		t.Errorf("%+v", e)
	}
	close(release)
	if _, err := held.Join(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestUnreadableAnswerIsAnError; the pool does not truncate an answer.
func TestUnreadableAnswerIsAnError(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		"longer than 100 bytes": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("1", 101)) },
		`encoded in "br"`: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			fmt.Fprint(w, "x")
		},
		"decompress gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "x")
		},
		"no such page": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such page", http.StatusNotFound) },
	} {
		web := httptest.NewServer(answer)
		p, events := newPool(t, call.Options{Addresses: []string{web.URL}, Defaults: []call.Option{call.WithRetries(3)}})
		p.SetBodyLimit(100)
		if _, err := p.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), want) || len(events) > 0 {
			t.Errorf("%s: %v", want, err)
		}
		web.Close()
	}
	if err := (call.Result{}).Decode(new(int)); err == nil {
		t.Error("an empty result was decoded")
	}
}

func TestCloseEndsCalls(t *testing.T) {
	url, calls := silentServer(t)
	p, _ := newPool(t, call.Options{Addresses: []string{url}})
	f := p.Go(t.Context(), "m", nil, call.WithTimeout(-1))
	awaitCondition(t, func() bool { return calls.Load() == 1 })
	p.Close()
	if _, err := f.Join(t.Context()); !errors.Is(err, call.ErrClosed) {
		t.Error(err)
	}
	for _, f := range []func() error{
		func() error { _, err := p.Invoke(t.Context(), "m", nil); return err },
		func() error { _, err := p.Go(t.Context(), "m", nil).Join(t.Context()); return err },
	} {
		if err := f(); !errors.Is(err, call.ErrClosed) {
			t.Error(err)
		}
	}
}
