package supervise

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"initiator/internal/plan"
)

// wantsStream says whether a worker is born with a stream. One that does not know
// what it is leaves it alone.
func wantsStream(spec *plan.Spec) bool { return spec.Contract && spec.Protocol == "webhook" }

// streamPair makes the two ends of a stream: ours, and the one that the keeper
// gives to the process. No other process may get a copy of ours, or the worker
// would not see its end when we are gone: both are close-on-exec, and no
// process is forked between their making and their marking.
func streamPair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("make a stream: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "stream")
	f := os.NewFile(uintptr(fds[0]), "stream")
	defer func() { _ = f.Close() }() // FileConn works with a copy
	if ours, err = net.FileConn(f); err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("make a stream: %w", err)
	}
	return ours, theirs, nil
}

// openStream makes the stream of one incarnation; the caller closes the end
// that it returns, once the keeper has it. Ours waits in the worker until the
// dispatcher gets it. Without a stream, tasks go by webhook.
func (l *loop) openStream(w *worker) *os.File {
	w.dropStream()
	if !wantsStream(w.rec.Spec) {
		return nil
	}
	ours, theirs, err := streamPair()
	if err != nil {
		l.log.Warn(err.Error(), "guid", w.guid)
		return nil
	}
	w.stream = ours
	return theirs
}

// takeStream hands our end over; nil where there is none, or it has been taken.
func (w *worker) takeStream() net.Conn {
	s := w.stream
	w.stream = nil
	return s
}

// dropStream closes an end that nobody took.
func (w *worker) dropStream() {
	if s := w.takeStream(); s != nil {
		s.Close()
	}
}
