package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// fdTransfer is a pair of sockets through which descriptors pass from the
// loop's descriptor table into the fork thread's. A nil fdTransfer passes
// nothing: both use one table.
type fdTransfer struct{ outer, inner int }

// newFDTransfer gives the calling thread, which must be locked, a descriptor
// table and a umask of its own. It returns nil where the kernel does not allow
// that, as in many containers. ctl is the initiator's socket, which must not
// stay open in the thread's table.
//
// The Go runtime uses its own descriptors on whatever thread it is. They must
// have the same numbers in both tables, so newFDTransfer makes the runtime open
// them before the tables part. Nothing else of the runtime or of package os
// opens descriptors on this thread.
func newFDTransfer(ctl int) *fdTransfer {
	time.NewTimer(time.Hour).Stop()
	if f, err := os.Open("/proc/self/stat"); err == nil {
		_ = f.Close()
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_FILES | unix.CLONE_FS); err != nil {
		unix.Close(pair[0])
		unix.Close(pair[1])
		return nil
	}
	unix.Close(ctl)
	return &fdTransfer{outer: pair[0], inner: pair[1]}
}

// sendFDs sends descriptors from the loop.
func (d *fdTransfer) sendFDs(files []uintptr) error {
	if d == nil {
		return nil
	}
	var fds []int
	for _, f := range files {
		if f != absent {
			fds = append(fds, int(f))
		}
	}
	return unix.Sendmsg(d.outer, []byte{0}, unix.UnixRights(fds...), nil, 0)
}

// receiveFDs receives descriptors on the fork thread, and returns their numbers
// there.
func (d *fdTransfer) receiveFDs(files []uintptr) ([]uintptr, error) {
	if d == nil {
		return files, nil
	}
	var one [1]byte
	oob := make([]byte, unix.CmsgSpace(8*4))
	_, n, _, _, err := unix.Recvmsg(d.inner, one[:], oob, unix.MSG_CMSG_CLOEXEC)
	for err == unix.EINTR {
		_, n, _, _, err = unix.Recvmsg(d.inner, one[:], oob, unix.MSG_CMSG_CLOEXEC)
	}
	if err != nil {
		return nil, err
	}
	fds := parseRights(oob[:n])
	taken := make([]uintptr, len(files))
	for i, f := range files {
		taken[i] = absent
		if f == absent {
			continue
		}
		if len(fds) == 0 { // the descriptor limit has cut the list: do not fork
			d.closeFDs(taken[:i])
			return nil, unix.EMFILE
		}
		taken[i], fds = uintptr(fds[0]), fds[1:]
	}
	return taken, nil
}

// closeFDs closes descriptors on the fork thread.
func (d *fdTransfer) closeFDs(files []uintptr) {
	if d == nil {
		return
	}
	for _, f := range files {
		if f != absent {
			unix.Close(int(f))
		}
	}
}
