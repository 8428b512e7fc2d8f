//go:build unix

package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestPickEndpointPrefersLiveAndUntried(t *testing.T) {
	tests := []struct {
		name        string
		live, tried string // letters of endpoints a, b, c
		want        string // which endpoint is picked, four times in a row
	}{
		{"all live", "abc", "", "abca"},
		{"one not live", "ac", "", "acac"},
		{"one tried", "abc", "b", "acac"},
		{"only endpoints that are not live are untried", "a", "a", "bcbc"},
		{"all tried", "ab", "abc", "abab"},
		{"none live", "", "", "abca"},
		{"none live and tried", "", "abc", "abca"},
	}
	for _, tt := range tests {
		r := rotation{}
		tried := map[*endpoint]bool{}
		for _, name := range []string{"a", "b", "c"} {
			r.addAddress(name)
			e := r.endpoints[len(r.endpoints)-1]
			e.live, tried[e] = strings.Contains(tt.live, name), strings.Contains(tt.tried, name)
		}
		got := ""
		for range 4 {
			got += r.pickEndpoint(tried).address
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestEveryEndpointIsTriedBeforeAnyTwice holds after any additions and removals.
func TestEveryEndpointIsTriedBeforeAnyTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rotation{}
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "name")
			if rapid.Bool().Draw(t, "add") {
				r.addAddress(name)
			} else {
				r.keepAddresses(func(e *endpoint) bool { return e.address != name })
			}
			for _, e := range r.endpoints {
				e.live = rapid.Bool().Draw(t, "live")
			}
			r.pickEndpoint(nil)
		}
		tried := map[*endpoint]bool{}
		for range r.endpoints {
			e := r.pickEndpoint(tried)
			if tried[e] {
				t.Fatalf("%s is tried twice", e.address)
			}
			tried[e] = true
		}
		if r.hasUntried(tried) {
			t.Fatal("an endpoint was left out")
		}
	})
}

// TestOnlyLiveEndpointsAreTriedForFree holds as long as one endpoint is live.
func TestOnlyLiveEndpointsAreTriedForFree(t *testing.T) {
	tests := []struct {
		live, tried string
		want        bool
	}{
		{"abc", "a", true},
		{"abc", "abc", false},
		{"ab", "ab", false},
		{"ab", "a", true},
		{"", "a", true},
		{"", "abc", false},
		{"a", "bc", true},
	}
	for _, tt := range tests {
		r, tried := rotation{}, map[*endpoint]bool{}
		for i, name := range []string{"a", "b", "c"} {
			r.addAddress(name)
			r.endpoints[i].live, tried[r.endpoints[i]] = strings.Contains(tt.live, name), strings.Contains(tt.tried, name)
		}
		if got := r.hasUntried(tried); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestRetryAfterIsObeyed until the caller's context ends.
func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := waitRetryAfter(t.Context(), 3*time.Second); err != nil || time.Since(began) != 3*time.Second {
			t.Error(err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := waitRetryAfter(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
