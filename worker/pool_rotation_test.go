package worker

import (
	"context"
	"errors"
	"strings"
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

// TestTheDeadAreNotAskedForFree while anybody is alive.
func TestTheDeadAreNotAskedForFree(t *testing.T) {
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
			r.add(name)
			r.all[i].live, tried[r.all[i]] = strings.Contains(tt.live, name), strings.Contains(tt.tried, name)
		}
		if got := r.untried(tried); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
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
