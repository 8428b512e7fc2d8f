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

	"initiator/internal/procfs"
)

func init() {
	acts["exit-on-term"] = func(args []string) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		printLine("armed")
		<-c
		printLine("goodbye")
		os.Exit(procfs.ParseDigits([]byte(args[0])))
	}
}

// newAttachableKeeper launches a keeper with a handover socket. The path is
// longer than a unix address.
func newAttachableKeeper(t *testing.T) (*testKeeper, string) {
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
	return &testKeeper{t: t, Keeper: k}, path
}

// attachNext ends the connection as a death does, and attaches the next
// initiator.
func (h *testKeeper) attachNext(path string) (*testKeeper, []KeptWorker) {
	h.t.Helper()
	h.detach()
	k, held, err := Attach(path, Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	n := &testKeeper{t: h.t, Keeper: k}
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

func (h *testKeeper) detach() {
	h.Detach()
	for range h.Events() {
	}
}

func kept(guid, act string, args ...string) SpawnOrder {
	s := orderAct(guid, act, args...)
	s.Keep, s.OrphanGrace, s.Snapshot = true, deadline, []byte("memo of "+guid)
	return s
}

// readUntilSynced reads the recorded events.
func (h *testKeeper) readUntilSynced() []Event {
	h.t.Helper()
	h.awaitEvent("synced", func(e Event) bool { return e.Kind == KindSynced })
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

func TestNextInitiatorFindsKeptWorkers(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	log := filepath.Join(t.TempDir(), "log")
	s := kept("w", "exit-on-term", "7")
	s.Stdout = Log{Path: log}
	worker := h.spawnWorker(s)
	h.awaitLine("w", "armed")
	stop := h.spawnWorker(orderAct("s", "ignore-term"))
	if err := h.SaveSnapshot("w", []byte("newer"), worker.Seq, true, deadline); err != nil {
		t.Fatal(err)
	}
	keeper := h.PID()

	n, held := h.attachNext(path)
	if n.PID() != keeper || len(held) != 1 {
		t.Fatalf("keeper %d, was %d; it holds %+v", n.PID(), keeper, held)
	}
	w := held[0]
	if w.GUID != "w" || w.PID != worker.PID || w.StartTime != worker.StartTime || w.Incarnation != 1 || string(w.Snapshot) != "newer" {
		t.Fatalf("held %+v, spawned %+v", w, worker)
	}
	if told := about(n.readUntilSynced(), "w", KindSpawned); len(told) != 0 {
		t.Errorf("what the memo tells of was told again: %+v", told)
	}
	<-awaitExit(t, stop.PID)
	if err := n.WatchOutput("w", true); err != nil {
		t.Fatal(err)
	}
	if err := n.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
		t.Fatal(err)
	}
	if e := n.awaitKind("w", KindExited); e.Code != 7 {
		t.Errorf("exited %+v", e)
	}
	text, err := os.ReadFile(log)
	if err != nil || string(text) != "armed\ngoodbye\n" {
		t.Errorf("log %q, %v", text, err)
	}
}

// A handover socket whose file was removed is made again, and the next initiator finds
// the keeper there.
func TestRestoreHandoverSocket(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	worker := h.spawnWorker(kept("w", "exit-on-term", "7"))
	h.awaitLine("w", "armed")
	if restored, err := h.RestoreHandoverSocket(path); restored || err != nil {
		t.Errorf("with its socket: %v, %v", restored, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if restored, err := h.RestoreHandoverSocket(path); !restored || err != nil {
		t.Fatalf("without its socket: %v, %v", restored, err)
	}
	n, held := h.attachNext(path)
	if len(held) != 1 || held[0].PID != worker.PID {
		t.Errorf("held %+v, spawned %+v", held, worker)
	}
	n.readUntilSynced()
	if err := n.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
		t.Fatal(err)
	}
	n.awaitKind("w", KindExited)
}

// TestExitInTheWindowIsSent: with its time, and again to the next initiator
// when the one before died without saving a snapshot.
func TestExitInTheWindowIsSent(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	order := kept("w", "exit-on-term", "3")
	order.Stdout = Log{Path: filepath.Join(t.TempDir(), "log")}
	worker := h.spawnWorker(order)
	h.awaitLine("w", "armed")
	h.detach()
	gone := awaitExit(t, worker.PID)
	if err := syscall.Kill(worker.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-gone
	for again := range 2 {
		var held []KeptWorker
		h, held = h.attachNext(path)
		if len(held) != 1 || again > 0 && held[0].PID != 0 || string(held[0].Snapshot) != "memo of w" {
			t.Fatalf("held %+v", held)
		}
		told := about(h.readUntilSynced(), "w", KindExited)
		if len(told) == 0 && again == 0 { // the keeper had not yet waited for it
			told = append(told, h.awaitKind("w", KindExited))
		}
		// The file has it in any case. The initiator may have missed it: the
		// keeper can read the line before it sees that the initiator has gone.
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

// TestKeeperEndsWithoutNextInitiator: the keeper ends after the last worker and
// its grace.
func TestKeeperEndsWithoutNextInitiator(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	s := kept("w", "exit-on-term", "0")
	s.OrphanGrace = 10 * time.Millisecond
	worker := h.spawnWorker(s)
	h.awaitLine("w", "armed")
	over := awaitExit(t, h.PID())
	h.detach()
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

// TestKeepAllForKeepsEveryWorker: for an upgrade, and not beyond its time.
func TestKeepAllForKeepsEveryWorker(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	worker := h.spawnWorker(orderAct("s", "ignore-term"))
	h.awaitLine("s", "deaf")
	must(t, h.SaveSnapshot("s", []byte("stop"), worker.Seq, false, 0), h.KeepAllFor(deadline))
	n, held := h.attachNext(path)
	if len(held) != 1 || held[0].PID != worker.PID || !alive(worker.PID) {
		t.Fatalf("held %+v", held)
	}
	n.readUntilSynced()
	over := awaitExit(t, worker.PID)
	must(t, n.SaveSnapshot("s", []byte("stop"), 0, false, 0), n.KeepAllFor(10*time.Millisecond))
	keeper := awaitExit(t, n.PID())
	n.detach()
	<-over
	<-keeper
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestAdopt: after the keeper was killed another keeper watches a process that
// is not its child, reads its pipes and learns its true exit code.
func TestAdopt(t *testing.T) {
	t.Parallel()
	for _, code := range []int{7, 0} { // 0 is told by the kernel itself only
		t.Run(fmt.Sprint(code), func(t *testing.T) { adoptAndEnd(t, code) })
	}
}

func adoptAndEnd(t *testing.T, code int) {
	h, _ := newAttachableKeeper(t)
	s := kept("w", "exit-on-term", fmt.Sprint(code))
	worker := h.spawnWorker(s)
	h.awaitLine("w", "armed")
	must(t, syscall.Kill(h.PID(), syscall.SIGKILL))
	h.awaitEvent("the end", func(e Event) bool { return e.Kind == KindLost })
	log := filepath.Join(t.TempDir(), "log")
	n := newTestKeeper(t)
	must(t, n.Adopt(AdoptOrder{
		GUID: "w", Incarnation: 1, PID: worker.PID, StartTime: worker.StartTime, Keep: true,
		Stdout: Log{Path: log}, Stderr: Log{Path: log},
	}, nil, 0))
	if e := n.awaitKind("w", KindAdopted); e.PID != worker.PID || e.Error != "" {
		t.Fatalf("adopted %+v", e)
	}
	must(t, n.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}))
	if e := n.awaitKind("w", KindExited); e.Unknown {
		t.Logf("this kernel does not tell: %+v", e)
	} else if e.Code != code || e.Signal != 0 {
		t.Errorf("exited %+v", e)
	}
	if e := n.awaitKind("w", KindEmptied); e.EmptyProven {
		t.Error("nothing proves that an adopted worker has left nothing")
	}
	text, err := os.ReadFile(log)
	if err != nil || string(text) != "goodbye\n" {
		t.Errorf("log %q, %v", text, err)
	}
}

// TestAdoptSignalsNoOtherProcess: a pid that was reused, or that no process
// has.
func TestAdoptSignalsNoOtherProcess(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	stranger := actCommand("sleep")
	pid := startCommand(stranger)
	defer func() { _ = stranger.Wait() }()
	defer func() { _ = stranger.Process.Kill() }()
	p, _ := procfs.ReadStat(pid)
	for _, a := range []AdoptOrder{{PID: pid, StartTime: p.Start - 1}, {PID: 1 << 22, StartTime: p.Start}} {
		a.GUID, a.Incarnation = "w", 1
		must(t, h.Adopt(a, nil, 0))
		if e := h.awaitKind("w", KindExited); !e.Unknown {
			t.Errorf("exited %+v", e)
		}
		h.endWorker("w", syscall.SIGKILL, 0)
	}
	if !alive(pid) {
		t.Error("a stranger was signalled")
	}
}
