package chirp

import (
	"testing"
	"time"
)

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"slots":        {Slots: 33},
		"no slots":     {Slots: -1},
		"handlers":     {Handlers: -1},
		"size":         {MaxMessage: -1},
		"short":        {Timeout: 99 * time.Millisecond},
		"long":         {Timeout: 1201 * time.Second},
		"pem is not":   {PEM: "no/such/file.pem"},
		"pem is wrong": {PEM: "doc.go"},
	} {
		if _, err := NewPeer(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, c := range []struct{ timeout, reuse, wantReuse, wantConnect time.Duration }{
		{0, 0, 30 * time.Second, 10 * time.Second},
		{20 * time.Second, 0, 60 * time.Second, 40 * time.Second},
		{100 * time.Second, time.Hour, time.Hour, time.Minute},
	} {
		got, err := Config{Timeout: c.timeout, ReuseTime: c.reuse}.withDefaults()
		if err != nil || got.ReuseTime != c.wantReuse || got.connectTimeout() != c.wantConnect || got.Slots != 16 || got.Identity.IsZero() {
			t.Errorf("%v: %+v, %v", c, got, err)
		}
	}
}

func TestAddressWithoutPort(t *testing.T) {
	for address, want := range map[string]string{
		"":            ":2998",
		"127.0.0.1":   "127.0.0.1:2998",
		"::1":         "[::1]:2998",
		"[::1]":       "[::1]:2998",
		"[::1]:0":     "[::1]:0",
		"localhost:1": "localhost:1",
		":7":          ":7",
	} {
		if got := withPort(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
