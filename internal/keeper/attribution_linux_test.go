package keeper

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// scanVariable makes a keeper scan its members without a pause.
const scanVariable = "KEEPER_TEST_SCAN"

// It is set before any init function, and so before the process becomes a
// keeper.
var _ = func() bool {
	if os.Getenv(scanVariable) != "" {
		memberScanInterval, maxMemberScanInterval = time.Millisecond, time.Millisecond
	}
	return true
}()

func init() { acts["background"] = actBackground }

// actBackground leaves a process without an environment behind and ends. The
// process is in the group of its parent ("same"), in a group of its own ("group")
// or in a session of its own ("session", "untagged", which has no tag either).
// With "stay" as the second word it does not end.
func actBackground(args []string) {
	if args[0] == "untagged" {
		_ = unix.Prlimit(0, unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}, nil)
	}
	cmd := actCommand("sleep")
	cmd.Env, cmd.Stdout = []string{quickExit, actVariable + "=sleep"}, nil
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: args[0] == "group", Setsid: args[0] == "session" || args[0] == "untagged"}
	printLine(fmt.Sprint("daemon ", startCommand(cmd)))
	if len(args) > 1 {
		forever()
	}
}

// TestBackgroundProcessIsFound: a process belongs to the worker that started it,
// although it has overwritten its environment and its parent has ended before
// the keeper looked.
func TestBackgroundProcessIsFound(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	for _, kind := range []string{"group", "session"} {
		s := orderAct(kind, "background", kind)
		if kind == "session" {
			s.Tag = ProcessTag("test", kind, 1)
		}
		h.spawnWorker(s)
		pid := parsePID(t, h.awaitLine(kind, "daemon "))
		if e := h.findKind(kind, KindExited); e.Survivors != 1 || len(e.Unattributed) != 0 {
			t.Errorf("%s: exited = %+v, want one survivor and no unattributed process", kind, e)
		}
		if e := h.endWorker(kind, syscall.SIGKILL, 0); !e.EmptyProven || e.Killed != 1 {
			t.Errorf("%s: emptied = %+v, want proven and one killed", kind, e)
		}
		checkGone(t, pid)
	}
}

// TestScanFindsEscapedProcess: a descendant that nothing marks is found while it
// has its parent, and belongs to the worker when the parent has ended.
func TestScanFindsEscapedProcess(t *testing.T) {
	t.Setenv(scanVariable, "1")
	h := newTestKeeper(t)
	leader := h.spawnWorker(orderAct("w", "background", "untagged", "stay")).PID
	pid := parsePID(t, h.awaitLine("w", "daemon "))
	p, _ := procfs.ReadStat(pid)
	want := EscapedProcess{pid, p.Start}
	h.findEvent("the escaped process", func(e Event) bool {
		return e.Kind == KindEscaped && e.GUID == "w" && e.Incarnation == 1 && slices.Contains(e.Escaped, want)
	})
	syscall.Kill(leader, syscall.SIGKILL)
	if e := h.awaitKind("w", KindExited); e.Survivors != 1 || len(e.Unattributed) != 0 {
		t.Errorf("exited = %+v, want one survivor and no unattributed process", e)
	}
	h.endWorker("w", syscall.SIGKILL, 0)
	checkGone(t, pid)
}

// TestAdoptedWorkerHasItsProcesses: a keeper that adopts a worker finds the
// processes of its session, the escaped processes that the order names, and
// processes with its tag.
func TestAdoptedWorkerHasItsProcesses(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	pids := map[string]int{}
	for _, kind := range []string{"group", "session", "untagged"} {
		s := orderAct(kind, "background", kind, "stay")
		s.Keep, s.Tag = true, ProcessTag("test", kind, 1)
		worker := h.spawnWorker(s)
		pids[kind] = parsePID(t, h.awaitLine(kind, "daemon "))
		pids["leader of "+kind] = worker.PID
	}
	syscall.Kill(h.PID(), syscall.SIGKILL)
	h.awaitEvent("the end", func(e Event) bool { return e.Kind == KindLost })
	n := newTestKeeper(t)
	for _, kind := range []string{"group", "session", "untagged"} {
		leader, _ := procfs.ReadStat(pids["leader of "+kind])
		escaped, _ := procfs.ReadStat(pids[kind])
		order := AdoptOrder{GUID: kind, Incarnation: 1, PID: leader.PID, StartTime: leader.Start, Keep: true, Tag: ProcessTag("test", kind, 1)}
		if kind == "untagged" {
			order.Escaped = []EscapedProcess{{escaped.PID, escaped.Start}}
		}
		if err := n.Adopt(order, nil, 0); err != nil {
			t.Fatal(err)
		}
		n.awaitKind(kind, KindAdopted)
		over := awaitExit(t, escaped.PID)
		n.endWorker(kind, syscall.SIGTERM, 0)
		<-over
	}
}

// TestUnattributedIsReported: the initiator learns of a process whose worker is
// unknown when it appears and when it has gone.
func TestUnattributedIsReported(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	h.spawnWorker(orderAct("w", "background", "untagged"))
	pid := parsePID(t, h.awaitLine("w", "daemon "))
	h.findEvent("the process", func(e Event) bool { return e.Kind == KindUnattributed && len(e.Unattributed) == 1 })
	syscall.Kill(pid, syscall.SIGKILL)
	h.awaitEvent("its end", func(e Event) bool { return e.Kind == KindUnattributed && len(e.Unattributed) == 0 })
}
