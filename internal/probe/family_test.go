package probe

import (
	"strconv"
	"strings"
	"testing"

	"initiator/internal/procfs"
)

// tableOf is a process table: keeper 100, the worker 200 of incarnation 2 with
// its children, the worker 300, and processes that the keeper did not start.
func tableOf(t *testing.T) processTable {
	t.Helper()
	type entry struct {
		parent, group int
		guid          string
		incarnation   int
	}
	processes := map[int]entry{
		1: {0, 1, "", 0}, 100: {50, 100, "", 0}, 50: {1, 50, "", 0},
		200: {100, 200, "w", 2}, 201: {200, 200, "w", 2}, 202: {201, 202, "", 0}, // 202 has a session of its own and no marks
		210: {100, 200, "", 0},                          // an orphan in the worker's group
		220: {100, 220, "w", 2}, 221: {220, 221, "", 0}, // an orphan with a session of its own, and its child
		230: {100, 230, "w", 1},                          // of the incarnation before
		300: {100, 300, "v", 1}, 301: {300, 301, "w", 2}, // another worker, whose child has the marks of this worker
		400: {1, 400, "w", 2},                          // started by another user with the marks of this worker
		500: {501, 500, "", 0}, 501: {500, 501, "", 0}, // read while processes ended and began
	}
	return processTable{
		stat: func(pid int) (procfs.Process, bool) {
			e, ok := processes[pid]
			return procfs.Process{PID: pid, Parent: e.parent, Group: e.group}, ok
		},
		environ: func(pid int) []byte {
			e := processes[pid]
			return []byte("INITIATOR_GUID=" + e.guid + "\x00INITIATOR_INCARNATION=" + strconv.Itoa(e.incarnation) + "\x00")
		},
		command: func(int) string { return "app" },
	}
}

// TestOnlyTheWorkersProcessesSpeakForIt walks through every kind of sender.
func TestOnlyTheWorkersProcessesSpeakForIt(t *testing.T) {
	worker := &family{owner: NotifyOwner{GUID: "w", Incarnation: 2}, main: 200, keeper: 100, table: tableOf(t)}
	for sender, want := range map[int]string{
		200: "", 201: "", 202: "", 210: "", 220: "", 221: "",
		230: "pid 230 (app), which is not a process of this worker",
		300: "pid 300 (app)", 301: "pid 301 (app)", 400: "pid 400 (app)", 100: "pid 100", 50: "pid 50", 1: "pid 1 ", 500: "pid 500",
		900: "pid 900, which ended before", 0: "PID namespace",
	} {
		got := worker.describeStranger(sender)
		if (got == "") != (want == "" || !namesSender) || namesSender && !strings.Contains(got, want) {
			t.Errorf("sender %d: %q, want %q", sender, got, want)
		}
	}
	worker.keeper = 0 // not known: only ancestors and the group count
	if got := worker.describeStranger(220); namesSender && got == "" {
		t.Error("without a keeper, an environment proves nothing")
	}
}
