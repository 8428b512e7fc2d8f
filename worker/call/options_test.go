//go:build unix

package call

import (
	"fmt"
	"strings"
	"testing"
)

func TestInvalidOptionsAreErrors(t *testing.T) {
	for want, o := range map[string]Option{
		"a timeout of 0": WithTimeout(0), "-1 retries": WithRetries(-1),
		"no codec": WithCodec(nil), `compression "br"`: WithCompression("br"), `compression "zlib"`: WithCompression("zlib"),
	} {
		if _, err := New(Options{Defaults: []Option{o}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v", err)
		}
		p, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Invoke(t.Context(), "m", nil, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Invoke: %v", err)
		}
	}
}

func TestAddressesAreNormalized(t *testing.T) {
	got, err := normalizeAddresses([]string{" 127.0.0.1:1, http://b:2/ ,", "https://c"})
	if want := "[http://127.0.0.1:1 http://b:2 https://c]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v %v", got, err)
	}
	for _, invalid := range []string{"tcp://a:1", "ipc:///x", "ftp://a", "http://", "http://a b"} {
		if _, err := normalizeAddresses([]string{invalid}); err == nil {
			t.Errorf("%s is accepted", invalid)
		}
	}
}

func TestSettingsBecomeDefaults(t *testing.T) {
	tests := []struct {
		keys map[string]string
		want string // the settings, or a part of the error
	}{
		{nil, "10s 0 none"},
		{map[string]string{"worker_timeout": "2.5", "worker_retry_count": "3", "worker_compression": "gzip", "worker_serialization": "json"}, "2.5s 3 gzip"},
		{map[string]string{"worker_timeout": "-1"}, "-1s 0 none"},
		{map[string]string{"worker_timeout": "1min 30s"}, "1m30s 0 none"},
		{map[string]string{"worker_timeout": "0"}, "a timeout of 0"},
		{map[string]string{"worker_timeout": "soon"}, `worker_timeout = soon: "soon" is not a duration`},
		{map[string]string{"worker_retry_count": "many"}, "worker_retry_count = many: use a whole number"},
		{map[string]string{"worker_retry_count": "-1"}, "-1 retries"},
		{map[string]string{"worker_serialization": "pickle"}, "worker_serialization = pickle: use json"},
		{map[string]string{"worker_address": "tcp://127.0.0.1:55555"}, "ZeroMQ"},
	}
	for _, tt := range tests {
		p, err := FromSettings(func(key string) (string, bool) { v, ok := tt.keys[key]; return v, ok })
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
