package main

import (
	"testing"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// A worker that has ended as it should is neither lost nor ready, and the text
// names the workers that are not ready.
func TestReadinessText(t *testing.T) {
	t.Parallel()
	running := supervise.Worker{Name: "web", State: lifecycle.Running, Ready: true}
	fatal := supervise.Worker{Name: "db", State: lifecycle.Fatal}
	once := supervise.Worker{Name: "once", State: lifecycle.Exited, LastExit: lifecycle.Exit{Class: lifecycle.ExitClean}}
	failed := supervise.Worker{Name: "job", State: lifecycle.Exited, LastExit: lifecycle.Exit{Class: lifecycle.ExitNonzero, Code: 3}}
	for _, c := range []struct {
		workers []supervise.Worker
		want    string
	}{
		{[]supervise.Worker{running}, "all workers are ready"},
		{[]supervise.Worker{running, once}, "1 worker ended as it should; all other workers are ready"},
		{[]supervise.Worker{once}, "all workers have ended as they should"},
		{[]supervise.Worker{running, fatal}, "not ready: db; `initiator why db` says why and what follows"},
		{[]supervise.Worker{fatal, fatal, failed}, "not ready: db, job; `initiator why all` says why and what follows"},
		{[]supervise.Worker{fatal, once}, "1 worker ended as it should; not ready: db; `initiator why db` says why and what follows"},
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
	before := []supervise.Worker{{GUID: "a", PID: 1}, {GUID: "b", PID: 2}, {GUID: "c"}, {GUID: "d", PID: 4}}
	after := []supervise.Worker{{GUID: "a", PID: 1}, {GUID: "b", PID: 9}, {GUID: "c"}, {GUID: "e", PID: 5}}
	if n := countKept(before, after); n != 1 {
		t.Errorf("%d processes ran on, want 1", n)
	}
}
