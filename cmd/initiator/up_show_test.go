package main

import (
	"testing"

	"initiator/initiator/report"
)

// A worker that has ended as it should is neither lost nor ready, and the text
// names the workers that are not ready.
func TestReadinessText(t *testing.T) {
	t.Parallel()
	running := report.Worker{Name: "web", State: report.Running, Ready: true}
	fatal := report.Worker{Name: "db", State: report.Fatal}
	once := report.Worker{Name: "once", State: report.Exited, LastExit: report.Exit{Class: report.ExitClean}}
	failed := report.Worker{Name: "job", State: report.Exited, LastExit: report.Exit{Class: report.ExitNonzero, Code: 3}}
	for _, c := range []struct {
		workers []report.Worker
		want    string
	}{
		{[]report.Worker{running}, "all workers are ready"},
		{[]report.Worker{running, once}, "1 worker ended as it should; all other workers are ready"},
		{[]report.Worker{once}, "all workers have ended as they should"},
		{[]report.Worker{running, fatal}, "not ready: db; `initiator why db` says why and what follows"},
		{[]report.Worker{fatal, fatal, failed}, "not ready: db, job; `initiator why all` says why and what follows"},
		{[]report.Worker{fatal, once}, "1 worker ended as it should; not ready: db; `initiator why db` says why and what follows"},
	} {
		waits, lost := countOutstanding(c.workers, func(string) bool { return true })
		if got := readinessText(c.workers, lost); got != c.want || waits != 0 {
			t.Errorf("%s, want %s; %d still wait", got, c.want, waits)
		}
	}
}

// An upgrade counts the processes that ran on, not the workers that there are.
func TestUpgradeCountsProcesses(t *testing.T) {
	t.Parallel()
	before := []report.Worker{{GUID: "a", PID: 1}, {GUID: "b", PID: 2}, {GUID: "c"}, {GUID: "d", PID: 4}}
	after := []report.Worker{{GUID: "a", PID: 1}, {GUID: "b", PID: 9}, {GUID: "c"}, {GUID: "e", PID: 5}}
	if n := countKept(before, after); n != 1 {
		t.Errorf("%d processes ran on, want 1", n)
	}
}
