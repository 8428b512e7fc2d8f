//go:build !linux

package keeper

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// rssUnit is the unit in bytes of the kernel's largest resident set; fionread
// is the ioctl that asks how much can be read.
const (
	rssUnit  = 1
	fionread = 0x4004667f
)

// becomeSubreaper does nothing: only Linux lets a process inherit orphans.
func becomeSubreaper() {}

// newPipe makes a pipe that children do not inherit; the reading end does not
// block. No fork happens between the calls, because only the loop forks here,
// and it is in this function.
func newPipe() (read, write int, err error) {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p[0], p[1], unix.SetNonblock(p[0], true)
}

// enlargePipe does nothing: the size of a pipe is fixed.
func enlargePipe(int, int) {}

func receiveMessage(fd int, buf, oob []byte) (n, oobn, flags int, from unix.Sockaddr, err error) {
	n, oobn, flags, from, err = unix.Recvmsg(fd, buf, oob, 0)
	for _, received := range parseRights(oob[:max(oobn, 0)]) {
		unix.CloseOnExec(received)
	}
	return n, oobn, flags, from, err
}

// childAttributes returns the attributes of the new process.
func childAttributes(s *SpawnOrder) (sys *syscall.SysProcAttr, done func(), err error) {
	sys = &syscall.SysProcAttr{Setsid: true}
	if s.SetUser && !needsLauncher(s) {
		sys.Credential = &syscall.Credential{Uid: s.UID, Gid: s.GID, Groups: s.Groups}
	}
	return sys, func() {}, nil
}

// limitsNeedLauncher says that another process cannot be given limits.
const limitsNeedLauncher = true

// applyLimits does nothing: the launcher sets all limits.
func applyLimits(int, *SpawnOrder) []error { return nil }

// setNoNewPrivs fails: only Linux has it.
func setNoNewPrivs() error { return errors.New("only Linux has it") }

// dieWithParent does nothing: only Linux kills a process when its parent dies.
func dieWithParent(int) bool { return true }

// descriptorLimit returns how many descriptors this process may have.
func descriptorLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 256
	}
	return int(min(r.Cur, 1<<30))
}
