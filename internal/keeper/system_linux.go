package keeper

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// rssUnit is the unit in bytes of the kernel's largest resident set; fionread
// is the ioctl that asks how much can be read.
const (
	rssUnit  = 1024
	fionread = unix.TIOCINQ
)

// becomeSubreaper makes this process the parent of every descendant whose own
// parent dies. It also sets the name that ps and top show, which would be
// "exe".
func becomeSubreaper() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	_ = os.WriteFile("/proc/self/comm", []byte(commName), 0)
}

// commName is the name that ps and top show; the kernel keeps 15 bytes.
const commName = "initiator-keep"

// IsKeeperName reports whether comm, as in /proc/PID/comm, is the name of a
// keeper process.
func IsKeeperName(comm string) bool { return comm == commName }

// newPipe makes a pipe that children do not inherit; the reading end does not
// block.
func newPipe() (read, write int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return 0, 0, err
	}
	return p[0], p[1], unix.SetNonblock(p[0], true)
}

// enlargePipe asks for a pipe that holds n bytes; the kernel may refuse.
func enlargePipe(fd, n int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, n) }

func receiveMessage(fd int, buf, oob []byte) (n, oobn, flags int, from unix.Sockaddr, err error) {
	return unix.Recvmsg(fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
}

// childAttributes returns the attributes of the new process. done is called
// after the fork.
func childAttributes(s *SpawnOrder) (sys *syscall.SysProcAttr, done func(), err error) {
	sys = &syscall.SysProcAttr{Setsid: true, Ptrace: hasLimits(s)}
	done = func() {}
	if !s.Keep {
		sys.Pdeathsig = syscall.SIGKILL
	}
	if s.SetUser {
		sys.Credential = &syscall.Credential{Uid: s.UID, Gid: s.GID, Groups: s.Groups}
	}
	if s.CgroupDir != "" {
		fd, err := unix.Open(s.CgroupDir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, done, fmt.Errorf("cgroup %s: %w", s.CgroupDir, err)
		}
		sys.UseCgroupFD, sys.CgroupFD = true, fd
		done = func() { unix.Close(fd) }
	}
	return sys, done, nil
}

// hasLimits reports whether applyLimits has something to do.
func hasLimits(s *SpawnOrder) bool { return len(s.rlimits()) > 0 || s.Nice != 0 }

// applyLimits sets limits that fork and exec cannot set, without a helper
// program: the process starts traced, which stops it at its first instruction.
// (A setuid program that is started so gets its file's user only when the
// keeper is root.)
func applyLimits(pid int, s *SpawnOrder) (problems []error) {
	if !hasLimits(s) {
		return nil
	}
	if awaitStopped(pid) {
		defer func() { _ = syscall.PtraceDetach(pid) }()
	}
	for _, r := range s.rlimits() {
		err := unix.Prlimit(pid, r.resource, &unix.Rlimit{Cur: r.value, Max: r.value}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			problems = append(problems, fmt.Errorf("%s = %d is not in force: %w", r.key, r.value, err))
		}
	}
	return append(problems, setNice(pid, s.Nice)...)
}

// awaitStopped waits until a traced process stops at its exec. A process that
// was killed meanwhile is left for waitForExited.
func awaitStopped(pid int) bool {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			return true
		}
		if err != unix.EINTR {
			return false
		}
	}
}

// descriptorLimit returns how many descriptors this process may have.
func descriptorLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 1024
	}
	return int(min(r.Cur, 1<<30))
}
