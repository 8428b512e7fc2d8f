package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// fdTransfer is a pair of sockets through which descriptors come from the loop's
// table into the midwife's. A nil door leads nowhere: there is one table.
type fdTransfer struct{ outer, inner int }

// newFDTransfer gives the calling thread, which must be locked, a table and a umask
// of its own. Where that is not allowed, as in many containers, it answers
// nil. ctl is the initiator's socket: it must not stay open here.
//
// The runtime's own descriptors must be in both tables under the same
// numbers, for it uses them on whatever thread it is; so they are made to be
// before. Nothing else of the Go runtime or of package os opens any here.
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

// sendFDs sends descriptors through, from the loop's side.
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

// receiveFDs receives them on the midwife's side, under their numbers there.
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
		if len(fds) == 0 { // the limit has cut them short, and the process is not born
			d.closeFDs(taken[:i])
			return nil, unix.EMFILE
		}
		taken[i], fds = uintptr(fds[0]), fds[1:]
	}
	return taken, nil
}

// closeFDs closes them there.
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
