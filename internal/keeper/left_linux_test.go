package keeper

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"initiator/internal/procfs"
)

// TestWhatAWorkerLeaves: an end with Leave ends the main process, or its group,
// and nothing else. What is left belongs to no later incarnation, and outlives
// the keeper.
func TestWhatAWorkerLeaves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, kind string
		mainFirst  bool
		signal     syscall.Signal
		wait       time.Duration
		left       int
	}{
		{"the main process is asked", "session", true, syscall.SIGTERM, deadline, 1},
		{"the main process is asked, its group", "group", true, syscall.SIGTERM, deadline, 1},
		{"the main process is killed", "untagged", true, syscall.SIGKILL, 0, 1},
		{"the group is asked, what left it", "session", false, syscall.SIGTERM, deadline, 1},
		{"the group is killed, what is in it", "same", false, syscall.SIGKILL, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newTestKeeper(t)
			s := orderAct("w", "background", tt.kind, "stay")
			s.Tag = ProcessTag("test", "w", 1)
			h.spawnWorker(s)
			pid := parsePID(t, h.awaitLine("w", "daemon "))
			t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
			if err := h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(tt.signal), Wait: tt.wait, MainFirst: tt.mainFirst, Leave: true}); err != nil {
				t.Fatal(err)
			}
			if e := h.findKind("w", KindEmptied); e.LeftCount != tt.left || !e.EmptyProven {
				t.Errorf("emptied = %+v, want proven and %d left", e, tt.left)
			}
			if tt.left == 0 {
				checkGone(t, pid)
				return
			}
			s.Incarnation, s.Tag = 2, ProcessTag("test", "w", 2)
			h.spawnWorker(s)
			second := parsePID(t, h.awaitLine("w", "daemon "))
			if err := h.End(EndOrder{GUID: "w", Incarnation: 2, Signal: int(syscall.SIGKILL)}); err != nil {
				t.Fatal(err)
			}
			if e := h.awaitKind("w", KindEmptied); e.Killed != 2 || e.LeftCount != 0 {
				t.Errorf("emptied = %+v, want the second incarnation alone", e)
			}
			checkGone(t, second)
			p, _ := procfs.ReadStat(pid)
			if tag := procfs.RealtimeLimit(pid); tt.kind != "untagged" && tag != LeftTag(s.Tag) {
				t.Errorf("its tag is %x, want %x", tag, LeftTag(s.Tag))
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			if now, ok := procfs.ReadStat(pid); !ok || now.Ended || now.Start != p.Start {
				t.Errorf("the left process %d has ended with the keeper", pid)
			}
		})
	}
}

// TestLeftIsReported: the initiator learns of what is left, of what it starts,
// and of its end. An end that finds the main process gone leaves the rest too.
func TestLeftIsReported(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	s := orderCommand("w", "sh", "-c", `(trap "sleep 1000 & wait" USR1; echo up; sleep 1000 & wait) & wait $!; exit`)
	s.Tag = ProcessTag("test", "w", 1)
	worker := h.spawnWorker(s)
	h.awaitLine("w", "up")
	syscall.Kill(worker.PID, syscall.SIGKILL)
	h.awaitKind("w", KindExited)
	if err := h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline, MainFirst: true, Leave: true}); err != nil {
		t.Fatal(err)
	}
	e := h.findEvent("what is left", func(e Event) bool { return e.Kind == KindLeft && e.LeftCount == 2 })
	if e.Left[0].GUID != "w" || e.Left[0].Incarnation != 1 {
		t.Errorf("left = %+v", e.Left)
	}
	shell, sleep := e.Left[0].PID, e.Left[1].PID
	t.Cleanup(func() {
		for _, pid := range []int{shell, sleep} {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	syscall.Kill(shell, syscall.SIGKILL) // its child becomes an orphan, and is still left
	h.findEvent("the rest", func(e Event) bool { return e.Kind == KindLeft && e.LeftCount == 1 && e.Left[0].PID == sleep })
	syscall.Kill(sleep, syscall.SIGKILL)
	h.findEvent("the end", func(e Event) bool { return e.Kind == KindLeft && e.LeftCount == 0 })
}

// TestLeftTag: the tag of left processes is no worker's, and names the worker.
func TestLeftTag(t *testing.T) {
	for _, incarnation := range []int{0, 1, leftIncarnation - 1, leftIncarnation, leftIncarnation + 1} {
		tag := ProcessTag("m", "g", incarnation)
		if IsLeftTag(tag) || !IsLeftTag(LeftTag(tag)) || TagOfWorker(tag) != TagOfWorker(LeftTag(tag)) || !TagHasMark(LeftTag(tag), "m") {
			t.Errorf("incarnation %d: tag %x, left %x", incarnation, tag, LeftTag(tag))
		}
	}
	for _, number := range []uint64{0, 1<<64 - 1, 5_000_000} {
		if IsLeftTag(number) || LeftTag(number) != 0 {
			t.Errorf("%d is no tag", number)
		}
	}
}

// TestFindLeft: which orphans belong to what is left.
func TestFindLeft(t *testing.T) {
	table := leftTable{byPID: map[int]leftEntry{}}
	const number = 1 << 30 // no process has it
	e := leftEntry{LeftProcess: LeftProcess{PID: number, StartTime: 10, GUID: "w"}, session: number - 1}
	table.byPID[number] = e
	for name, tt := range map[string]struct {
		p    procfs.Process
		want bool
	}{
		"its session":     {procfs.Process{PID: number + 1, Session: number - 1, Start: 11}, true},
		"a session of it": {procfs.Process{PID: number + 1, Session: number, Start: 11}, true},
		"a group of it":   {procfs.Process{PID: number + 1, Group: number, Start: 11}, true},
		"older than it":   {procfs.Process{PID: number + 1, Session: number, Start: 9}, false},
		"another session": {procfs.Process{PID: number + 1, Session: 7, Group: 7, Start: 11}, false},
	} {
		if _, got := table.find(tt.p); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	rest := table.withoutLeft([]procfs.Process{{PID: number, Start: 10}, {PID: 3, Parent: number, Start: 12}, {PID: 4, Parent: 3, Start: 13}, {PID: 5, Parent: 2, Start: 13}, {PID: number, Start: 14}})
	if got := []int{rest[0].PID, rest[1].PID}; len(rest) != 2 || !slices.Equal(got, []int{5, number}) {
		t.Errorf("%v is not left, want 5 and the later process with the number", rest)
	}
}
