package worker

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestOptionsAreJudged(t *testing.T) {
	for name, o := range map[string]CallOption{
		"a timeout of 0": WithTimeout(0), "-1 retries": WithRetries(-1),
		"no codec": WithCodec(nil), `compression "br"`: WithCompression("br"), `compression "zlib"`: WithCompression("zlib"),
	} {
		if _, err := NewPool(PoolOptions{Defaults: []CallOption{o}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("NewPool: %v", err)
		}
		p, _ := newPool(t, PoolOptions{})
		if _, err := p.Invoke(t.Context(), "m", nil, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Invoke: %v", err)
		}
	}
}

func TestAddressesAreJudged(t *testing.T) {
	got, err := normal([]string{" 127.0.0.1:1, http://b:2/ ,", "https://c"})
	if want := "[http://127.0.0.1:1 http://b:2 https://c]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"tcp://a:1", "ipc:///x", "ftp://a", "http://", "http://a b"} {
		if _, err := normal([]string{bad}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
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
