package keeper

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/keeper/keepertest"
	"initiator/internal/procfs"
)

// TestAttachToAnEndingKeeper: an initiator that comes between the death of an
// initiator and the end of its keeper, which has nothing to keep, gets
// ErrNoKeeper.
func TestAttachToAnEndingKeeper(t *testing.T) {
	h, path := newAttachableKeeper(t)
	pid := h.PID()
	keepertest.SuspendProcess(t, pid)
	h.detach()
	if h.PID() != pid { // a signal to -1 would reach every process
		t.Fatalf("the keeper that was left has pid %d, and had %d", h.PID(), pid)
	}
	conn, process, err := dialHandover(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(h.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, held, err := attachConn(conn, process, Options{}); !errors.Is(err, ErrNoKeeper) {
		t.Errorf("held %+v, %v", held, err)
	}
	<-awaitExit(t, h.PID())
}

// TestDetachClosesTheHandle: attaching and detaching leaves no descriptor open.
func TestDetachClosesTheHandle(t *testing.T) {
	h, path := newAttachableKeeper(t)
	h.spawnWorker(kept("w", "sleep"))
	h.detach()
	var before int
	for i := range 5 {
		k, _, err := Attach(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		(&testKeeper{t: t, Keeper: k}).detach()
		if now := openFiles(t, os.Getpid()); i == 0 {
			before = now
		} else if now > before {
			t.Fatalf("%d descriptors after the first, %d now", before, now)
		}
	}
	k, _, err := Attach(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// newSuspendedKeeper returns a keeper that was stopped and whose socket is
// full. The send that did not fit goes on until the channel has its error.
func newSuspendedKeeper(t *testing.T, patience time.Duration) (*Keeper, <-chan error) {
	k, err := Launch(Options{})
	if err != nil {
		t.Fatal(err)
	}
	k.sendTimeout, k.closeGrace = patience, 10*time.Millisecond
	keepertest.SuspendProcess(t, k.PID())
	sent := make(chan error, 1)
	go func() {
		sent <- k.Spawn(SpawnOrder{GUID: "w", Incarnation: 1, Argv: []string{"true"}, Stdin: make([]byte, 4<<20)})
	}()
	return k, sent
}

// TestKeeperThatDoesNotRead: the keeper is lost and the sender gets an error,
// because no frame can follow half a frame.
func TestKeeperThatDoesNotRead(t *testing.T) {
	k, sent := newSuspendedKeeper(t, 10*time.Millisecond)
	h := &testKeeper{t: t, Keeper: k}
	if err := <-sent; !errors.Is(err, ErrClosed) {
		t.Errorf("spawn: %v", err)
	}
	h.awaitEvent("its loss", func(e Event) bool { return e.Kind == KindLost })
	_ = k.Close()
}

// TestCloseOfKeeperThatDoesNotRead: Close takes its own time and does not wait
// for a send in progress.
func TestCloseOfKeeperThatDoesNotRead(t *testing.T) {
	k, sent := newSuspendedKeeper(t, time.Hour)
	closed := make(chan error, 1)
	go func() { closed <- k.Close() }()
	select {
	case err := <-closed:
		if err == nil || <-sent == nil {
			t.Errorf("close: %v", err)
		}
	case <-time.After(deadline):
		t.Fatal("it is not closed")
	}
	for range k.Events() {
	}
}

// TestAdoptTwice: a process that is watched already is not reported as ended,
// and no further descriptor is opened for it.
func TestAdoptTwice(t *testing.T) {
	h := newTestKeeper(t)
	process := actCommand("sleep")
	a := AdoptOrder{GUID: "w", Incarnation: 1, PID: startCommand(process)}
	defer func() { _ = process.Wait() }()
	defer func() { _ = process.Process.Kill() }()
	p, _ := procfs.ReadStat(a.PID)
	a.StartTime = p.Start
	must(t, h.Adopt(a, nil, 0))
	h.awaitKind("w", KindAdopted)
	before := openFiles(t, h.PID())
	for range 5 {
		must(t, h.Adopt(a, nil, 0))
		h.awaitKind("w", KindWarning)
	}
	if now := openFiles(t, h.PID()); now > before || len(about(h.seen, "w", KindExited)) > 0 {
		t.Errorf("%d descriptors before, %d now; %+v", before, now, h.seen)
	}
	must(t, h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGKILL)}))
	h.awaitKind("w", KindExited)
}

// TestTransferCutByTheLimit: the descriptor limit has cut the list of a spawn.
// The descriptors that came are closed.
func TestTransferCutByTheLimit(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	d := &fdTransfer{outer: pair[0], inner: pair[1]}
	before := openFiles(t, os.Getpid())
	must(t, d.sendFDs([]uintptr{0, 1}))
	if _, err := d.receiveFDs([]uintptr{0, 1, 2}); !errors.Is(err, unix.EMFILE) {
		t.Errorf("take: %v", err)
	}
	if now := openFiles(t, os.Getpid()); now != before {
		t.Errorf("%d descriptors before, %d now", before, now)
	}
	must(t, errors.Join(unix.Close(pair[0]), unix.Close(pair[1])))
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
