package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var ownToken = WithBearer(func(string) string { return "own-token" })

// event is what a pool says of a connection.
type event struct {
	address string
	live    bool
}

func newPool(t *testing.T, o PoolOptions) (*Pool, chan event) {
	t.Helper()
	events := make(chan event, 1000)
	o.Notify = func(address string, live bool) { events <- event{address, live} }
	p, err := NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, events
}

// silent is a server that takes calls and never answers one. It counts them.
func silent(t *testing.T) (url string, calls *atomic.Int64) {
	calls = new(atomic.Int64)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			calls.Add(1)
			_, _ = io.Copy(io.Discard, r.Body) // or the end of the caller is not noticed
			<-r.Context().Done()
		}
	}))
	t.Cleanup(web.Close)
	return web.URL, calls
}

// counted is a server that answers with its own name.
func counted(t *testing.T, name string, calls *atomic.Int64) string {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		fmt.Fprintf(w, "%q", name)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestAPoolSpeaksToWorkers(t *testing.T) {
	for _, coding := range []string{codingNone, codingGzip, codingZstd} {
		for _, codec := range []Codec{JSON, gobCodec{}} {
			w := launch(t, Options{Handlers: directHandlers(), Codecs: []Codec{gobCodec{}}})
			p, _ := newPool(t, PoolOptions{
				Addresses: []string{w.addr}, // without a scheme
				Defaults:  []CallOption{ownToken, WithCompression(coding), WithCodec(codec)},
			})
			want := strings.Repeat("x", 5000)
			got, err := Call[map[string]string](t.Context(), p, "account.balance", map[string]any{"of": want})
			if err != nil || got["of"] != want {
				t.Errorf("%s %s: %.80v %v", coding, codec.MIME(), got, err)
			}
			var fault *CallError
			if _, err = p.Method("fail").Method("toto").Invoke(t.Context(), nil); !errors.As(err, &fault) ||
				fault.Status != 500 || fault.Code != 4242 || fault.Value != "Test Toto Exception" {
				t.Errorf("%s: %v", codec.MIME(), err)
			}
			if _, err = p.Invoke(t.Context(), "none", nil); !errors.As(err, &fault) || fault.Status != 404 || fault.Code != 1000 {
				t.Error(err)
			}
		}
	}
}

func TestAPoolWithoutTheTokenIsRefused(t *testing.T) {
	w := launch(t, Options{})
	p, _ := newPool(t, PoolOptions{Addresses: []string{w.addr}})
	var fault *CallError
	if _, err := p.Invoke(t.Context(), "echo", 1); !errors.As(err, &fault) || fault.Status != 401 || fault.Code != 1004 {
		t.Error(err)
	}
}

// TestTimeoutsAlwaysWork: toto arms its timeout only where retries are set.
func TestTimeoutsAlwaysWork(t *testing.T) {
	tests := []struct {
		name             string
		defaults, called []CallOption
		calls            int64
	}{
		{"the default one", []CallOption{WithTimeout(time.Millisecond)}, nil, 1},
		{"one of the call", nil, []CallOption{WithTimeout(time.Millisecond)}, 1},
		{"with retries", []CallOption{WithTimeout(time.Hour), WithRetries(9)}, []CallOption{WithTimeout(50 * time.Millisecond), WithRetries(2)}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, calls := silent(t)
			p, _ := newPool(t, PoolOptions{Addresses: []string{url}, Defaults: tt.defaults})
			_, err := p.Invoke(t.Context(), "m", nil, tt.called...)
			if !errors.Is(err, ErrCallTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if n := calls.Load(); n > tt.calls {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestANegativeTimeoutIsNever: only the caller's own end ends the call.
func TestANegativeTimeoutIsNever(t *testing.T) {
	url, calls := silent(t)
	p, events := newPool(t, PoolOptions{Addresses: []string{url}, Defaults: []CallOption{WithTimeout(time.Nanosecond)}})
	f := p.Go(t.Context(), "m", nil, WithTimeout(-1))
	until(t, func() bool { return calls.Load() == 1 })
	select {
	case <-f.Done():
		t.Error("it ended")
	default:
	}
	f.Cancel()
	if _, err := f.Join(t.Context()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(events) > 0 {
		t.Error("that a caller gave up was held against the worker")
	}
}

// until waits for what another goroutine does without telling.
func until(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}

func TestRoundRobinOverWhatIsSet(t *testing.T) {
	var a, b, c atomic.Int64
	ua, ub, uc := counted(t, "a", &a), counted(t, "b", &b), counted(t, "c", &c)
	p, _ := newPool(t, PoolOptions{Addresses: []string{ua, ub}})
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
		{func() error { return p.Add(uc) }, 9, "3 3 3"},
		{func() error { return p.Add(uc) }, 9, "3 3 3"}, // there already: left alone
		{func() error { return p.Remove(ua) }, 8, "0 4 4"},
		{func() error { return p.Set(ua, uc) }, 8, "4 0 4"},
	}
	for i, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if got := calls(s.n); got != s.want {
			t.Errorf("step %d: %s, want %s", i, got, s.want)
		}
	}
	if err := p.Set(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Error(err)
	}
}

// TestWhatNeverRanIsOfferedToOthers without a retry being set: nobody listens
// at one, another has no free slot.
func TestWhatNeverRanIsOfferedToOthers(t *testing.T) {
	began, release := make(chan struct{}, 1), make(chan struct{})
	gate := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		began <- struct{}{}
		<-release
		return nil, nil
	})
	full := launch(t, Options{Handlers: append(directHandlers(), gate)})
	free := launch(t, Options{Handlers: directHandlers()})
	p, events := newPool(t, PoolOptions{Addresses: []string{full.addr}, Defaults: []CallOption{ownToken}})
	held := p.Go(t.Context(), "gate", nil)
	await(t, began, "the call that holds the slot")
	if err := p.Set(nobody(t), full.addr, free.addr); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if got, err := Call[int](t.Context(), p, "account.balance", 5); err != nil || got != 5 {
			t.Errorf("%v %v", got, err)
		}
	}
	if e := await(t, events, "the dead one to leave"); e.live {
		t.Errorf("%+v", e)
	}
	close(release)
	if _, err := held.Join(t.Context()); err != nil {
		t.Error(err)
	}
}

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// TestAnswersThatCannotBeRead are errors, and not cut off.
func TestAnswersThatCannotBeRead(t *testing.T) {
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
		p, events := newPool(t, PoolOptions{Addresses: []string{web.URL}, Defaults: []CallOption{WithRetries(3)}})
		p.limit = 100
		if _, err := p.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), want) || len(events) > 0 {
			t.Errorf("%s: %v", want, err)
		}
		web.Close()
	}
	if err := (Result{}).Decode(new(int)); err == nil {
		t.Error("nothing was decoded")
	}
}

func TestAClosedPool(t *testing.T) {
	url, calls := silent(t)
	p, _ := newPool(t, PoolOptions{Addresses: []string{url}})
	f := p.Go(t.Context(), "m", nil, WithTimeout(-1))
	until(t, func() bool { return calls.Load() == 1 })
	p.Close()
	if _, err := f.Join(t.Context()); !errors.Is(err, ErrPoolClosed) {
		t.Error(err)
	}
	for _, f := range []func() error{
		func() error { _, err := p.Invoke(t.Context(), "m", nil); return err },
		func() error { _, err := p.Go(t.Context(), "m", nil).Join(t.Context()); return err },
	} {
		if err := f(); !errors.Is(err, ErrPoolClosed) {
			t.Error(err)
		}
	}
}
