package main

import (
	"strings"
	"testing"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

func workerIn(name string, state lifecycle.State, waitsFor ...string) supervise.Worker {
	return supervise.Worker{Name: name, GUID: name, State: state, Reason: "so", WaitsFor: waitsFor}
}

func TestUnrecoverable(t *testing.T) {
	for name, c := range map[string]struct {
		list    []supervise.Worker
		resting bool
		want    string // "" = there is hope
	}{
		"one runs":                    {list: []supervise.Worker{workerIn("a", lifecycle.Fatal), workerIn("a", lifecycle.Running)}},
		"one starts":                  {list: []supervise.Worker{workerIn("a", lifecycle.Fatal), workerIn("a", lifecycle.Starting)}},
		"one is tried again":          {list: []supervise.Worker{workerIn("a", lifecycle.Backoff)}},
		"all are given up":            {list: []supervise.Worker{workerIn("a", lifecycle.Fatal), workerIn("a", lifecycle.Exited)}, want: "a a is FATAL: so; a a is EXITED: so"},
		"not begun":                   {list: []supervise.Worker{workerIn("a", lifecycle.Stopped)}},
		"stopped by somebody":         {list: []supervise.Worker{workerIn("a", lifecycle.Stopped)}, resting: true, want: "a a is STOPPED: so"},
		"no workers":                  {resting: true, want: "a has no workers"},
		"no workers yet":              {},
		"waits for one that starts":   {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: ready"), workerIn("b", lifecycle.Starting)}, resting: true},
		"waits for one that is FATAL": {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: ready (it is FATAL)"), workerIn("b", lifecycle.Fatal)}, want: "a a is STOPPED: so; b b is FATAL: so"},
		"waits for an end that came":  {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: completed"), workerIn("b", lifecycle.Exited)}},
		"waits for an end for ever":   {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: completed"), workerIn("b", lifecycle.Fatal)}, want: "a a is STOPPED: so; b b is FATAL: so"},
		"two steps away":              {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: ready"), workerIn("b", lifecycle.Stopped, "c: ready"), workerIn("c", lifecycle.Fatal)}, want: "a a is STOPPED: so; b b is STOPPED: so; c c is FATAL: so"},
		"a cycle":                     {list: []supervise.Worker{workerIn("a", lifecycle.Stopped, "b: ready"), workerIn("b", lifecycle.Stopped, "a: ready")}},
	} {
		if got := strings.Join(unrecoverable("a", c.list, c.resting), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
