package keeper

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/procfs"
)

func init() {
	acts["fork-twice"], acts["middle"], acts["daemon-main"] = actForkTwice, actMiddle, actDaemonMain
}

// actForkTwice leaves a daemon in a session that the daemon does not lead, and
// ends. With "wrapped" the daemon's parent lives on.
func actForkTwice(args []string) {
	cmd := actCommand("middle", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	startCommand(cmd)
	if args[0] != "wrapped" {
		_ = cmd.Wait()
	}
}

func actMiddle(args []string) {
	cmd := actCommand("daemon-main")
	startCommand(cmd)
	if args[0] == "wrapped" {
		_ = cmd.Wait()
		forever()
	}
}

// actDaemonMain ends with code 7 after a SIGTERM.
func actDaemonMain([]string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	printLine(fmt.Sprint("main ", os.Getpid()))
	<-c
	os.Exit(7)
}

// startDaemon starts a worker that goes to the background, and returns the pid of
// its daemon and the report of the end of its first process.
func startDaemon(h *testKeeper, guid, how string) (daemon int, first Event) {
	h.t.Helper()
	s := orderAct(guid, "fork-twice", how)
	s.FollowMain = true
	h.spawnWorker(s)
	daemon = parsePID(h.t, h.awaitLine(guid, "main "))
	return daemon, h.findKind(guid, KindMainExited)
}

// offerMain offers a process as the main process, and returns the answer.
func (h *testKeeper) offerMain(guid string, pid int) Event {
	h.t.Helper()
	if err := h.ReplaceMain(guid, 1, pid); err != nil {
		h.t.Fatal(err)
	}
	return h.awaitKind(guid, KindMain)
}

// TestReplaceMain: a daemon that has forked twice becomes the main process of its
// worker. It gets the signals although it leads no group, and its exit is that of
// the worker.
func TestReplaceMain(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"orphan", "wrapped"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			h := newTestKeeper(t)
			daemon, first := startDaemon(h, "w", how)
			if first.Code != 0 || first.Survivors == 0 || first.PID == daemon {
				t.Errorf("main_exited = %+v", first)
			}
			if e := h.offerMain("w", os.Getpid()); !strings.Contains(e.Error, "is older than the worker") {
				t.Errorf("this test: %+v", e)
			}
			if e := h.offerMain("w", first.PID); !strings.Contains(e.Error, "has ended") {
				t.Errorf("the first process: %+v", e)
			}
			p, _ := procfs.ReadStat(daemon)
			if e := h.offerMain("w", daemon); e.Error != "" || e.PID != daemon || e.StartTime != p.Start {
				t.Fatalf("the daemon: %+v, started at %d", e, p.Start)
			}
			if p.Group == daemon {
				t.Errorf("the daemon leads its group")
			}
			if how == "wrapped" { // its parent knows the exit status; the worker goes on as before
				if err := h.Signal("w", 1, int(syscall.SIGTERM), true); err != nil {
					t.Fatal(err)
				}
				h.awaitKind("w", KindMainExited)
				checkGone(t, daemon)
				h.endWorker("w", syscall.SIGKILL, 0)
				return
			}
			if err := h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
				t.Fatal(err)
			}
			if e := h.awaitKind("w", KindExited); e.Code != 7 || e.Survivors != 0 {
				t.Errorf("exited = %+v, want code 7", e)
			}
			if e := h.awaitKind("w", KindEmptied); !e.EmptyProven || e.Killed != 0 {
				t.Errorf("emptied = %+v", e)
			}
		})
	}
}

// TestMainIsGivenUp: the exit that waited for another main process is reported when
// the initiator gives up, when the last process ends, and when the worker is ended.
func TestMainIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	startDaemon(h, "given up", "orphan")
	if err := h.ReplaceMain("given up", 1, 0); err != nil {
		t.Fatal(err)
	}
	if e := h.awaitKind("given up", KindExited); e.Survivors != 1 || e.Code != 0 {
		t.Errorf("exited = %+v, want one survivor", e)
	}
	h.endWorker("given up", syscall.SIGKILL, 0)
	daemon, _ := startDaemon(h, "last", "orphan")
	syscall.Kill(daemon, syscall.SIGKILL)
	if e := h.awaitKind("last", KindExited); e.Survivors != 0 || e.Code != 0 {
		t.Errorf("exited = %+v, want no survivor", e)
	}
	startDaemon(h, "ended", "orphan")
	if e := h.endWorker("ended", syscall.SIGTERM, deadline); !e.EmptyProven || e.Killed != 0 {
		t.Errorf("emptied = %+v", e)
	}
	if e := h.findKind("ended", KindExited); e.Survivors != 1 {
		t.Errorf("exited = %+v, want one survivor", e)
	}
}

// TestReplacedMainIsHandedOver: the next initiator finds the changed main process,
// and the events that no snapshot covers.
func TestReplacedMainIsHandedOver(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	s := orderAct("w", "fork-twice", "orphan")
	s.FollowMain, s.Keep, s.Snapshot, s.OrphanGrace = true, true, []byte("memo"), deadline
	h.spawnWorker(s)
	daemon := parsePID(t, h.awaitLine("w", "main "))
	h.findKind("w", KindMainExited)
	h.detach()
	k, held, err := Attach(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	h = &testKeeper{t: t, Keeper: k}
	if len(held) != 1 || held[0].PID != 0 {
		t.Errorf("held %+v, want no main process", held)
	}
	if e := h.awaitKind("w", KindMainExited); e.Seq == 0 {
		t.Errorf("%+v", e)
	}
	h.offerMain("w", daemon)
	h.detach()
	if k, held, err = Attach(path, Options{}); err != nil {
		t.Fatal(err)
	}
	h = &testKeeper{t: t, Keeper: k}
	if len(held) != 1 || held[0].PID != daemon || held[0].StartTime == 0 {
		t.Errorf("held %+v, want %d", held, daemon)
	}
	if e := h.awaitKind("w", KindMain); e.Seq == 0 || e.PID != daemon {
		t.Errorf("%+v", e)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestAdoptedMainIsReplaced: a keeper that has adopted a worker follows its main
// process too.
func TestAdoptedMainIsReplaced(t *testing.T) {
	t.Parallel()
	first, second := newTestKeeper(t), newTestKeeper(t)
	s := orderAct("w", "fork-twice", "wrapped")
	s.FollowMain, s.Keep, s.Tag = true, true, ProcessTag("test", "w", 1)
	began := first.spawnWorker(s).StartTime
	daemon := parsePID(t, first.awaitLine("w", "main "))
	p, _ := procfs.ReadStat(daemon)
	wrapper, _ := procfs.ReadStat(p.Parent)
	err := second.Adopt(AdoptOrder{GUID: "w", Incarnation: 1, PID: wrapper.PID, StartTime: wrapper.Start, FirstStart: began, FollowMain: true, Tag: s.Tag, Keep: true}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	second.awaitKind("w", KindAdopted)
	syscall.Kill(wrapper.PID, syscall.SIGKILL)
	second.awaitKind("w", KindMainExited)
	if e := second.offerMain("w", daemon); e.Error != "" {
		t.Fatalf("the daemon: %+v", e)
	}
	if err := second.Signal("w", 1, int(syscall.SIGTERM), false); err != nil {
		t.Fatal(err)
	}
	second.awaitKind("w", KindExited)
	checkGone(t, daemon)
}

func TestRefuseMain(t *testing.T) {
	t.Parallel()
	facts := mainFacts{found: true, keeper: 5, began: 100, members: []procfs.Process{{PID: 20, Start: 100}, {PID: 21, Start: 130}}}
	for name, tt := range map[string]struct {
		process procfs.Process
		missing bool
		want    string
	}{
		"a process of the worker":         {process: procfs.Process{PID: 21, Start: 130}},
		"as old as the worker":            {process: procfs.Process{PID: 20, Start: 100}},
		"no process":                      {missing: true, want: "has ended"},
		"a process that has ended":        {process: procfs.Process{PID: 21, Start: 130, Ended: true}, want: "has ended"},
		"process 1":                       {process: procfs.Process{PID: 1, Start: 200}, want: "is the first process of the system"},
		"the keeper":                      {process: procfs.Process{PID: 5, Start: 200}, want: "is the keeper, which starts all workers"},
		"older than the worker":           {process: procfs.Process{PID: 20, Start: 99}, want: "is older than the worker"},
		"a stranger":                      {process: procfs.Process{PID: 30, Start: 130}, want: "is not a process of this worker"},
		"a later process with its number": {process: procfs.Process{PID: 21, Start: 140}, want: "is not a process of this worker"},
	} {
		facts := facts
		facts.found = !tt.missing
		if got := refuseMain(tt.process, facts); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
