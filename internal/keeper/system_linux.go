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
	sys = &syscall.SysProcAttr{Setsid: true, Ptrace: hasLimits(s) && !needsLauncher(s)}
	done = func() {}
	if !s.Keep {
		sys.Pdeathsig = syscall.SIGKILL
	}
	if s.SetUser && !needsLauncher(s) {
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

// limitsNeedLauncher says that another process cannot be given limits.
const limitsNeedLauncher = false

// setNoNewPrivs keeps the calling thread, and what it executes, from gaining
// privileges.
func setNoNewPrivs() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// dieWithParent asks for KILL when the parent dies, which a change of the user
// undoes. It returns false when the parent has died already.
func dieWithParent(parent int) bool {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	return unix.Getppid() == parent
}

// applyLimits sets limits of a process of the keeper's own user without the
// launcher: the process starts traced, which stops it at its first instruction.
// (A setuid program that is started so gets its file's user only when the
// keeper is root.)
func applyLimits(pid int, s *SpawnOrder) (problems []error) {
	if !hasLimits(s) || needsLauncher(s) {
		return nil
	}
	if awaitStopped(pid) {
		defer func() { _ = syscall.PtraceDetach(pid) }()
	}
	for _, r := range s.rlimits() {
		err := unix.Prlimit(pid, r.Resource, &unix.Rlimit{Cur: r.Value, Max: r.Value}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			problems = append(problems, r.unset(err))
		}
	}
	return append(problems, setNice(pid, s.Nice)...)
}

// setNice changes the priority of a process that has just started.
func setNice(pid, nice int) []error {
	if nice == 0 {
		return nil
	}
	err := unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	if err == nil || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return []error{unsetNice(nice, err)}
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
