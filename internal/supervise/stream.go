package supervise

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"initiator/internal/plan"
)

// wantsStream reports whether a worker starts with a stream. A worker that does
// not know streams ignores it.
func wantsStream(spec *plan.Spec) bool { return spec.Contract && spec.Protocol == "webhook" }

// streamPair creates the two ends of a stream: the initiator's, and the end
// that the keeper gives to the process. No other process may inherit the
// initiator's end: otherwise the worker would not notice the initiator's death.
// So both ends are close-on-exec, and no process is forked before they are.
func streamPair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("create a stream: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "stream")
	f := os.NewFile(uintptr(fds[0]), "stream")
	defer func() { _ = f.Close() }() // FileConn uses a copy
	if ours, err = net.FileConn(f); err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("create a stream: %w", err)
	}
	return ours, theirs, nil
}

// openStream creates the stream of one incarnation. The caller closes the
// returned end when the keeper has it. The initiator's end stays in the worker
// until the dispatcher takes it. Without a stream, tasks go by webhook.
func (l *loop) openStream(w *worker) *os.File {
	w.dropStream()
	if !wantsStream(w.rec.Spec) {
		return nil
	}
	ours, theirs, err := streamPair()
	if err != nil {
		l.log.Warn(err.Error(), "worker", w.pool.spec.Name, "guid", w.guid)
		return nil
	}
	w.stream = ours
	return theirs
}

// takeStream hands over the initiator's end; nil = there is none, or it was
// taken.
func (w *worker) takeStream() net.Conn {
	s := w.stream
	w.stream = nil
	return s
}

// dropStream closes an end that was not taken.
func (w *worker) dropStream() {
	if s := w.takeStream(); s != nil {
		s.Close()
	}
}
