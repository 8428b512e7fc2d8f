package keeper

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	acts["exit-on-term"] = func(args []string) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		say("armed")
		<-c
		say("goodbye")
		os.Exit(parseDigits([]byte(args[0])))
	}
}

// newMeeting launches a keeper that can be found again. The path is longer
// than a unix address.
func newMeeting(t *testing.T) (*house, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keeper.sock")
	k, err := Launch(Options{HandoverSocket: path})
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, Keeper: k}, path
}

// next dies and lets a successor come.
func (h *house) next(path string) (*house, []KeptWorker) {
	h.t.Helper()
	h.leave()
	k, held, err := Attach(path, Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	n := &house{t: h.t, Keeper: k}
	h.t.Cleanup(func() {
		if err := k.Close(); err != nil {
			h.t.Error(err)
		}
		for range k.Events() {
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			h.t.Errorf("the socket is left: %v", err)
		}
	})
	return n, held
}

func (h *house) leave() {
	h.Detach()
	for range h.Events() {
	}
}

func kept(guid, act string, args ...string) SpawnOrder {
	s := bad(guid, act, args...)
	s.Keep, s.OrphanGrace, s.Snapshot = true, deadline, []byte("memo of "+guid)
	return s
}

// synced reads the backlog.
func (h *house) synced() []Event {
	h.t.Helper()
	h.until("synced", func(e Event) bool { return e.Kind == KindSynced })
	return h.seen
}

func about(events []Event, guid string, kind EventKind) (found []Event) {
	for _, e := range events {
		if e.GUID == guid && e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

func TestSuccessorFindsWhatWasKept(t *testing.T) {
	h, path := newMeeting(t)
	log := filepath.Join(t.TempDir(), "log")
	s := kept("w", "exit-on-term", "7")
	s.Stdout = Log{Path: log}
	worker := h.spawn(s)
	h.line("w", "armed")
	stop := h.spawn(bad("s", "ignore-term"))
	if err := h.SaveSnapshot("w", []byte("newer"), worker.Seq, true, deadline); err != nil {
		t.Fatal(err)
	}
	keeper := h.PID()

	n, held := h.next(path)
	if n.PID() != keeper || len(held) != 1 {
		t.Fatalf("keeper %d, was %d; it holds %+v", n.PID(), keeper, held)
	}
	w := held[0]
	if w.GUID != "w" || w.PID != worker.PID || w.StartTime != worker.StartTime || w.Incarnation != 1 || string(w.Snapshot) != "newer" {
		t.Fatalf("held %+v, spawned %+v", w, worker)
	}
	if told := about(n.synced(), "w", KindSpawned); len(told) != 0 {
		t.Errorf("what the memo tells of was told again: %+v", told)
	}
	<-ended(t, stop.PID)
	if err := n.WatchOutput("w", true); err != nil {
		t.Fatal(err)
	}
	if err := n.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
		t.Fatal(err)
	}
	if e := n.event("w", KindExited); e.Code != 7 {
		t.Errorf("exited %+v", e)
	}
	text, err := os.ReadFile(log)
	if err != nil || string(text) != "armed\ngoodbye\n" {
		t.Errorf("log %q, %v", text, err)
	}
}

// TestExitInTheGapIsToldWithItsTime, and again to whoever comes after one that
// died before it had left a memo of it.
func TestExitInTheGapIsTold(t *testing.T) {
	h, path := newMeeting(t)
	order := kept("w", "exit-on-term", "3")
	order.Stdout = Log{Path: filepath.Join(t.TempDir(), "log")}
	worker := h.spawn(order)
	h.line("w", "armed")
	h.leave()
	gone := ended(t, worker.PID)
	if err := syscall.Kill(worker.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-gone
	for again := range 2 {
		var held []KeptWorker
		h, held = h.next(path)
		if len(held) != 1 || again > 0 && held[0].PID != 0 || string(held[0].Snapshot) != "memo of w" {
			t.Fatalf("held %+v", held)
		}
		told := about(h.synced(), "w", KindExited)
		if len(told) == 0 && again == 0 { // the keeper had not yet waited for it
			told = append(told, h.event("w", KindExited))
		}
		// The file has it in any case. Whoever watched may have missed it: the
		// keeper can read the line before it sees that the watcher has gone.
		if text, err := os.ReadFile(order.Stdout.Path); err != nil || string(text) != "armed\ngoodbye\n" {
			t.Errorf("what it wrote in the gap: %q, %v", text, err)
		}
		if len(told) != 1 || told[0].Code != 3 || told[0].Seq == 0 || again > 0 && told[0].Age <= 0 {
			t.Fatalf("told %+v", told)
		}
	}
	if err := h.SaveSnapshot("w", nil, 0, true, 0); err != nil {
		t.Fatal(err)
	}
}

// TestKeeperEndsWhenNobodyComes: after the last worker and its grace.
func TestKeeperEndsWhenNobodyComes(t *testing.T) {
	h, path := newMeeting(t)
	s := kept("w", "exit-on-term", "0")
	s.OrphanGrace = 10 * time.Millisecond
	worker := h.spawn(s)
	h.line("w", "armed")
	over := ended(t, h.PID())
	h.leave()
	if err := syscall.Kill(worker.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-over
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	if _, _, err := Attach(path, Options{}); !errors.Is(err, ErrNoKeeper) {
		t.Errorf("attach: %v", err)
	}
	h.process.awaitEnd()
}

// TestStayHoldsEverything for an upgrade, and not for ever.
func TestStayHoldsEverything(t *testing.T) {
	h, path := newMeeting(t)
	worker := h.spawn(bad("s", "ignore-term"))
	h.line("s", "deaf")
	must(t, h.SaveSnapshot("s", []byte("stop"), worker.Seq, false, 0), h.KeepAllFor(deadline))
	n, held := h.next(path)
	if len(held) != 1 || held[0].PID != worker.PID || !alive(worker.PID) {
		t.Fatalf("held %+v", held)
	}
	n.synced()
	over := ended(t, worker.PID)
	must(t, n.SaveSnapshot("s", []byte("stop"), 0, false, 0), n.KeepAllFor(10*time.Millisecond))
	keeper := ended(t, n.PID())
	n.leave()
	<-over
	<-keeper
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestAdopt: after the keeper was killed another one watches over a process
// that is not its child, reads its pipes and learns its true exit code.
func TestAdopt(t *testing.T) {
	for _, code := range []int{7, 0} { // 0 only the kernel itself can tell
		t.Run(fmt.Sprint(code), func(t *testing.T) { adoptAndEnd(t, code) })
	}
}

func adoptAndEnd(t *testing.T, code int) {
	h, _ := newMeeting(t)
	s := kept("w", "exit-on-term", fmt.Sprint(code))
	worker := h.spawn(s)
	h.line("w", "armed")
	must(t, syscall.Kill(h.PID(), syscall.SIGKILL))
	h.until("the end", func(e Event) bool { return e.Kind == KindLost })
	log := filepath.Join(t.TempDir(), "log")
	n := newHouse(t)
	must(t, n.Adopt(AdoptOrder{
		GUID: "w", Incarnation: 1, PID: worker.PID, StartTime: worker.StartTime, Keep: true,
		Stdout: Log{Path: log}, Stderr: Log{Path: log},
	}, nil, 0))
	if e := n.event("w", KindAdopted); e.PID != worker.PID || e.Error != "" {
		t.Fatalf("adopted %+v", e)
	}
	must(t, n.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}))
	if e := n.event("w", KindExited); e.Unknown {
		t.Logf("this kernel does not tell: %+v", e)
	} else if e.Code != code || e.Signal != 0 {
		t.Errorf("exited %+v", e)
	}
	if e := n.event("w", KindEmptied); e.EmptyProven {
		t.Error("nothing proves that an adopted worker has left nothing")
	}
	text, err := os.ReadFile(log)
	if err != nil || string(text) != "goodbye\n" {
		t.Errorf("log %q, %v", text, err)
	}
}

// TestAdoptTouchesNoStranger: a number that was given away, or to nobody.
func TestAdoptTouchesNoStranger(t *testing.T) {
	h := newHouse(t)
	stranger := again("sleep")
	pid := launched(stranger)
	defer func() { _ = stranger.Wait() }()
	defer func() { _ = stranger.Process.Kill() }()
	p, _ := readStat(pid)
	for _, a := range []AdoptOrder{{PID: pid, StartTime: p.start - 1}, {PID: 1 << 22, StartTime: p.start}} {
		a.GUID, a.Incarnation = "w", 1
		must(t, h.Adopt(a, nil, 0))
		if e := h.event("w", KindExited); !e.Unknown {
			t.Errorf("exited %+v", e)
		}
		h.end("w", syscall.SIGKILL, 0)
	}
	if !alive(pid) {
		t.Error("a stranger was signalled")
	}
}
