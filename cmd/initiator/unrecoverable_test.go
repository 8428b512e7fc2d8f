package main

import (
	"strings"
	"testing"

	"initiator/initiator/report"
)

func workerIn(name string, state report.State, waitsFor ...string) report.Worker {
	return report.Worker{Name: name, GUID: name, State: state, Reason: "so", WaitsFor: waitsFor}
}

func TestUnrecoverable(t *testing.T) {
	for name, c := range map[string]struct {
		list    []report.Worker
		resting bool
		want    string // "" = there is hope
	}{
		"one runs":                    {list: []report.Worker{workerIn("a", report.Fatal), workerIn("a", report.Running)}},
		"one starts":                  {list: []report.Worker{workerIn("a", report.Fatal), workerIn("a", report.Starting)}},
		"one is tried again":          {list: []report.Worker{workerIn("a", report.Backoff)}},
		"all are given up":            {list: []report.Worker{workerIn("a", report.Fatal), workerIn("a", report.Exited)}, want: "a a is FATAL: so; a a is EXITED: so"},
		"not begun":                   {list: []report.Worker{workerIn("a", report.Stopped)}},
		"stopped by somebody":         {list: []report.Worker{workerIn("a", report.Stopped)}, resting: true, want: "a a is STOPPED: so"},
		"no workers":                  {resting: true, want: "a has no workers"},
		"no workers yet":              {},
		"waits for one that starts":   {list: []report.Worker{workerIn("a", report.Stopped, "b: ready"), workerIn("b", report.Starting)}, resting: true},
		"waits for one that is FATAL": {list: []report.Worker{workerIn("a", report.Stopped, "b: ready (it is FATAL)"), workerIn("b", report.Fatal)}, want: "a a is STOPPED: so; b b is FATAL: so"},
		"waits for an end that came":  {list: []report.Worker{workerIn("a", report.Stopped, "b: completed"), workerIn("b", report.Exited)}},
		"waits for an end for ever":   {list: []report.Worker{workerIn("a", report.Stopped, "b: completed"), workerIn("b", report.Fatal)}, want: "a a is STOPPED: so; b b is FATAL: so"},
		"two steps away":              {list: []report.Worker{workerIn("a", report.Stopped, "b: ready"), workerIn("b", report.Stopped, "c: ready"), workerIn("c", report.Fatal)}, want: "a a is STOPPED: so; b b is STOPPED: so; c c is FATAL: so"},
		"a cycle":                     {list: []report.Worker{workerIn("a", report.Stopped, "b: ready"), workerIn("b", report.Stopped, "a: ready")}},
	} {
		if got := strings.Join(unrecoverable("a", c.list, c.resting), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
