package keeper

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

func pidfdOpen(pid int) (int, error) { return unix.PidfdOpen(pid, 0) }

// reopenPipe opens the reading end of a pipe that a process writes to.
func reopenPipe(pid, number int) (int, error) {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/fd/%d", pid, number), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		unix.Close(fd)
		return -1, errors.New("it is not a pipe")
	}
	return fd, nil
}

// dupListener copies a listening socket out of a process. The kernel allows it
// to processes that may trace the process.
func dupListener(pidfd, number int) (int, error) {
	fd, err := unix.PidfdGetfd(pidfd, number, 0)
	if err != nil {
		return -1, err
	}
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens == 0 {
		unix.Close(fd)
		return -1, errors.New("it does not listen")
	}
	return fd, nil
}

// exitStatus asks the kernel how a process that is not a child has ended. Linux
// answers from 6.15 on, once the parent has waited for the process.
func exitStatus(c *child) (unix.WaitStatus, bool) {
	if status := procfs.ExitStatus(c.pid, c.start); status != 0 {
		return status, true
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if unix.IoctlPidfdInfo(c.pidfd, &info) != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, false
	}
	return unix.WaitStatus(info.Exit_code), true
}

// signalPidfd signals through a pidfd: never a later process with the same
// number.
func signalPidfd(pidfd int, sig unix.Signal) { _ = unix.PidfdSendSignal(pidfd, sig, nil, 0) }
