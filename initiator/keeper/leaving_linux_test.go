package keeper

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestAttachToAKeeperThatEnds: whoever comes between the death of an initiator
// and the end of its keeper, which has nothing to hold, finds nobody.
func TestAttachToAKeeperThatEnds(t *testing.T) {
	h, path := newMeeting(t)
	if err := syscall.Kill(h.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.leave()
	conn, process, err := dialMeeting(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(h.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, held, err := greet(conn, process, Options{}); !errors.Is(err, ErrNobody) {
		t.Errorf("held %+v, %v", held, err)
	}
	<-ended(t, h.PID())
}

// TestLeaveFreesWhatWasFound: who looks and leaves again has nothing left open.
func TestLeaveFreesWhatWasFound(t *testing.T) {
	h, path := newMeeting(t)
	h.spawn(kept("w", "sleep"))
	h.leave()
	var before int
	for i := range 5 {
		k, _, err := Attach(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		(&house{t: t, Keeper: k}).leave()
		if now := openFiles(t); i == 0 {
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

// deafHouse is a keeper that was stopped, and whose socket is full. The send
// that did not fit goes on until the channel has its error.
func deafHouse(t *testing.T, patience time.Duration) (*Keeper, <-chan error) {
	k, err := Launch(Options{})
	if err != nil {
		t.Fatal(err)
	}
	k.patience, k.grace = patience, 10*time.Millisecond
	if err := syscall.Kill(k.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		sent <- k.Spawn(Spawn{GUID: "w", Incarnation: 1, Argv: []string{"true"}, Stdin: make([]byte, 4<<20)})
	}()
	return k, sent
}

// TestKeeperThatDoesNotRead is lost, as whoever sends to it is told: what was
// sent half cannot be followed by anything.
func TestKeeperThatDoesNotRead(t *testing.T) {
	k, sent := deafHouse(t, 10*time.Millisecond)
	h := &house{t: t, Keeper: k}
	if err := <-sent; !errors.Is(err, ErrClosed) {
		t.Errorf("spawn: %v", err)
	}
	h.until("its loss", func(e Event) bool { return e.Kind == KindLost })
	_ = k.Close()
}

// TestCloseOfKeeperThatDoesNotRead takes its own time, and not that of whoever
// is sending.
func TestCloseOfKeeperThatDoesNotRead(t *testing.T) {
	k, sent := deafHouse(t, time.Hour)
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

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
