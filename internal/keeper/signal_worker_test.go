package keeper

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/procfs"
)

// TestWhomSignalsReach: the first signal that a descendant gets is the order's
// own, or WINCH, which the main process sends when it gets the order's signal.
func TestWhomSignalsReach(t *testing.T) {
	t.Parallel()
	const (
		child = `trap "echo child SIG; exit" SIG; trap "ONWINCH" WINCH; touch $UP; while :; do sleep 0.1; done`
		tells = `kill -WINCH $pid; wait $pid; exit`
	)
	end := func(mainFirst bool) func(*testKeeper) error {
		return func(h *testKeeper) error {
			return h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline, MainFirst: mainFirst})
		}
	}
	signal := func(mainOnly bool) func(*testKeeper) error {
		return func(h *testKeeper) error { return h.Signal("w", 1, int(syscall.SIGUSR1), mainOnly) }
	}
	for _, tt := range []struct {
		name, child, onSignal string
		order                 func(*testKeeper) error
		want                  string
	}{
		{"end, the main process first: it ends its child", "", tells, end(true), "WINCH"},
		{"end, the main process first: it leaves its child", "", "exit", end(true), "TERM"},
		{"end, the group", "", tells, end(false), "TERM"},
		{"end, the group: a child in another group", "setsid", tells, end(false), "WINCH"},
		{"end, the group: it leaves a child in another group", "setsid", "exit", end(false), "TERM"},
		{"signal, the main process", "", tells, signal(true), "WINCH"},
		{"signal, the group", "", tells, signal(false), "USR1"},
		{"signal, the group: a child in another group", "setsid", tells, signal(false), "WINCH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sig := "TERM"
			if strings.HasPrefix(tt.name, "signal") {
				sig = "USR1"
			}
			// A signal to the group reaches the main process first, whose WINCH
			// could then come before the signal.
			onWINCH := ""
			if tt.want == "WINCH" {
				onWINCH = "echo child WINCH; exit"
			}
			commands := strings.NewReplacer("SIG", sig, "ONWINCH", onWINCH).Replace(child)
			h := newTestKeeper(t)
			s := orderCommand("w", "sh", "-c", `trap '`+tt.onSignal+`' `+sig+`; `+tt.child+` sh -c '`+commands+`' & pid=$!; until [ -e $UP ]; do sleep 0.1; done; echo up; wait`)
			s.Env = append(s.Env, "UP="+t.TempDir()+"/up")
			h.spawnWorker(s)
			h.awaitLine("w", "up")
			if err := tt.order(h); err != nil {
				t.Fatal(err)
			}
			if got := h.awaitLine("w", "child "); got != tt.want {
				t.Errorf("the child got %s first, want %s", got, tt.want)
			}
			if e := h.endWorker("w", syscall.SIGTERM, deadline); !e.EmptyProven || e.Killed != 0 { // the line can come after it
				t.Errorf("emptied = %+v, want proven and none killed", e)
			}
		})
	}
}

// TestSurvivorNames: exited names the processes that the main process has left,
// unless they were signalled together with it.
func TestSurvivorNames(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	h.spawnWorker(orderAct("w", "litter"))
	pid := h.awaitLine("w", "daemon ")
	e := h.awaitKind("w", KindExited)
	if len(e.SurvivorNames) != 1 || !strings.HasPrefix(e.SurvivorNames[0], pid+" ") || !strings.Contains(e.SurvivorNames[0], "exe") {
		t.Errorf("left %q, want pid %s and its command", e.SurvivorNames, pid)
	}
}

func TestUnsignalled(t *testing.T) {
	t.Parallel()
	members := []procfs.Process{{PID: 11, Group: 10, Start: 5}, {PID: 12, Group: 12, Start: 6}, {PID: 13, Group: 10, Start: 7}}
	grouped := &endState{}
	grouped.noteGroup(&child{pid: 10, group: 10}, append(slices.Clone(members[:2]), procfs.Process{PID: 13, Group: 10, Start: 3}))
	for _, tt := range []struct {
		name string
		c    child
		want []int
	}{
		{"it ended by itself", child{}, []int{11, 12, 13}},
		{"the main process was signalled", child{end: &endState{}}, []int{11, 12, 13}},
		{"the group was signalled", child{end: grouped}, []int{12, 13}}, // 13 is a later process with the same number
		{"all are being killed", child{end: &endState{}, killed: map[procfs.Process]bool{}}, nil},
	} {
		var got []int
		for _, p := range tt.c.unsignalled(members) {
			got = append(got, p.PID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if names := nameProcesses(make([]procfs.Process, survivorNameLimit+5)); len(names) != survivorNameLimit+1 || names[survivorNameLimit] != "and 5 more" {
		t.Errorf("%d names, the last %q", len(names), names[len(names)-1])
	}
}
