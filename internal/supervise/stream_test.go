package supervise

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// TestOnlyWorkersThatCouldUseAStreamAreBornWithOne.
func TestOnlyWorkersThatCouldUseAStreamAreBornWithOne(t *testing.T) {
	for _, c := range []struct {
		contract bool
		protocol string
		want     bool
	}{{true, "webhook", true}, {true, "ding", false}, {true, "none", false}, {false, "webhook", false}} {
		if got := wantsStream(&plan.Spec{Contract: c.contract, Protocol: c.protocol}); got != c.want {
			t.Errorf("contract %v, protocol %s: %v", c.contract, c.protocol, got)
		}
	}
}

// TestBothEndsOfAStreamAreClosedOnExec: otherwise the end of a process would
// not close its stream.
func TestBothEndsOfAStreamAreClosedOnExec(t *testing.T) {
	ours, theirs, err := streamPair()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ours.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	check := func(fd uintptr) {
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d: flags %x, %v", fd, flags, err)
		}
	}
	if err := raw.Control(check); err != nil {
		t.Error(err)
	}
	check(theirs.Fd())
	theirs.Close()
	if n, err := ours.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the other end was closed: %d, %v", n, err)
	}
	ours.Close()
}

// TestAStreamHasOneOwner: the worker owns it until the dispatcher takes it, and
// no descriptor is left in either case.
func TestAStreamHasOneOwner(t *testing.T) {
	before := descriptors(t)
	l := &loop{}
	w := &worker{rec: lifecycle.Record{Spec: &plan.Spec{Contract: true, Protocol: "webhook"}}}
	for range 3 { // an incarnation that never became ready leaves nothing
		l.openStream(w).Close()
	}
	if got := descriptors(t); got != before+1 {
		t.Errorf("%d descriptors, then %d with one end held", before, got)
	}
	taken := w.takeStream()
	w.dropStream()
	if _, err := taken.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the one that was taken: %v", err)
	}
	taken.Close()
	w.rec.Spec = &plan.Spec{}
	if l.openStream(w) != nil || w.takeStream() != nil {
		t.Error("a program that knows nothing of us has a stream")
	}
	if got := descriptors(t); got != before {
		t.Errorf("%d descriptors before, %d after", before, got)
	}
}
