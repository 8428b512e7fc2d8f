package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestWhoIsAskedFirst(t *testing.T) {
	tests := []struct {
		name        string
		live, tried string // letters of endpoints a, b, c
		want        string // who is picked, four times in a row
	}{
		{"all alive", "abc", "", "abca"},
		{"one dead", "ac", "", "acac"},
		{"one tried", "abc", "b", "acac"},
		{"only a dead one untried", "a", "a", "bcbc"},
		{"all tried", "ab", "abc", "abab"},
		{"all dead", "", "", "abca"},
		{"all dead and tried", "", "abc", "abca"},
	}
	for _, tt := range tests {
		r := rotation{}
		tried := map[*endpoint]bool{}
		for _, name := range []string{"a", "b", "c"} {
			r.add(name)
			e := r.all[len(r.all)-1]
			e.live, tried[e] = strings.Contains(tt.live, name), strings.Contains(tt.tried, name)
		}
		got := ""
		for range 4 {
			got += r.pick(tried).address
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestEverybodyIsTriedBeforeAnybodyTwice, whatever is added and removed.
func TestEverybodyIsTriedBeforeAnybodyTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rotation{}
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "name")
			if rapid.Bool().Draw(t, "add") {
				r.add(name)
			} else {
				r.keep(func(e *endpoint) bool { return e.address != name })
			}
			for _, e := range r.all {
				e.live = rapid.Bool().Draw(t, "live")
			}
			r.pick(nil)
		}
		tried := map[*endpoint]bool{}
		for range r.all {
			e := r.pick(tried)
			if tried[e] {
				t.Fatalf("%s is tried twice", e.address)
			}
			tried[e] = true
		}
		if r.untried(tried) {
			t.Fatal("somebody was left out")
		}
	})
}

func TestAPoolFromKeys(t *testing.T) {
	tests := []struct {
		keys map[string]string
		want string // of the settings, or in the error
	}{
		{nil, "10s 0 none"},
		{map[string]string{"worker_timeout": "2.5", "worker_retry_count": "3", "worker_compression": "gzip", "worker_serialization": "json"}, "2.5s 3 gzip"},
		{map[string]string{"worker_timeout": "-1"}, "-1s 0 none"},
		{map[string]string{"worker_timeout": "1min 30s"}, "1m30s 0 none"},
		{map[string]string{"worker_timeout": "0"}, "a timeout of 0"},
		{map[string]string{"worker_timeout": "soon"}, `worker_timeout = soon: "soon" is no duration`},
		{map[string]string{"worker_retry_count": "many"}, "worker_retry_count = many: use a whole number"},
		{map[string]string{"worker_retry_count": "-1"}, "-1 retries"},
		{map[string]string{"worker_serialization": "pickle"}, "worker_serialization = pickle: use json"},
		{map[string]string{"worker_address": "tcp://127.0.0.1:55555"}, "ZeroMQ"},
	}
	for _, tt := range tests {
		p, err := PoolFrom(func(key string) (string, bool) { v, ok := tt.keys[key]; return v, ok })
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: %v", tt.keys, err)
			}
			continue
		}
		if got := fmt.Sprintf("%v %d %s", p.defaults.timeout, p.defaults.retries, p.defaults.coding); got != tt.want {
			t.Errorf("%v: %s", tt.keys, got)
		}
		p.Close()
	}
}

// TestTheDefaultPool takes its addresses from the environment, and the token
// from the INI alone.
func TestTheDefaultPool(t *testing.T) {
	w := launch(t, Options{Handlers: directHandlers()})
	t.Setenv("WORKER_ADDRESS", w.addr)
	t.Setenv("WORKER_TOKEN", "own-token")
	defaultPool = sync.OnceValues(newDefaultPool)
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var fault *CallError
	if _, err := p.Invoke(t.Context(), "account.balance", 1); !errors.As(err, &fault) || fault.Status != 401 {
		t.Errorf("a token in the environment was used: %v", err)
	}
	get := func(key string) (string, bool) { return "own-token", key == "worker_token" }
	mainSettings.Store(&get)
	defer mainSettings.Store(nil)
	p, err = PoolFrom(processSetting)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got, err := Call[int](t.Context(), p, "account.balance", 7); got != 7 || err != nil {
		t.Errorf("%v %v", got, err)
	}
}

// TestPauseIsTheWorkers: Retry-After is obeyed, but not beyond the caller's end.
func TestPauseIsTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := pause(t.Context(), 3*time.Second); err != nil || time.Since(began) != 3*time.Second {
			t.Error(err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := pause(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
