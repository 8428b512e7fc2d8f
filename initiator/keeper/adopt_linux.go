package keeper

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func pidfdOpen(pid int) (int, error) { return unix.PidfdOpen(pid, 0) }

// reopenPipe opens the other end of a pipe that a process writes to.
func reopenPipe(pid, number int) (int, error) {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/fd/%d", pid, number), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		unix.Close(fd)
		return -1, errors.New("it is no pipe")
	}
	return fd, nil
}

// listenerOf copies a listening socket out of a process. The kernel allows it
// to whom it allows tracing.
func listenerOf(pidfd, number int) (int, error) {
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

// exitStatus asks the kernel how a process that is not our child has ended.
// Linux tells from 6.15 on, once its parent has waited for it.
func exitStatus(pidfd int) (unix.WaitStatus, bool) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if unix.IoctlPidfdInfo(pidfd, &info) != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, false
	}
	return unix.WaitStatus(info.Exit_code), true
}

// signalHandle signals through a pidfd: never another process of the same
// number.
func signalHandle(pidfd int, sig unix.Signal) { _ = unix.PidfdSendSignal(pidfd, sig, nil, 0) }
