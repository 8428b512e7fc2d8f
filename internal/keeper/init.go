package keeper

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// controlFD is the descriptor at which the keeper finds its socket.
const controlFD = 3

// init turns the process into a keeper, for life, when it was started as a
// keeper. Three things must agree: the name, a unix socket on descriptor 3, and
// the preface that Launch wrote into that socket before it started this
// process.
func init() {
	if len(os.Args) == 0 || !strings.HasPrefix(os.Args[0], processName) || !isKeeperSocket(controlFD) {
		return
	}
	// Not os.Exit: no buffered output is left to flush, and under the race
	// detector os.Exit would delay every Close for a second.
	syscall.Exit(runKeeper(controlFD))
}

// isKeeperSocket reports whether fd is the socket that Launch made. It takes
// the preface out of the socket only when it is there.
func isKeeperSocket(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return false
	}
	name, err := unix.Getsockname(fd)
	if _, isUnix := name.(*unix.SockaddrUnix); err != nil || !isUnix {
		return false
	}
	buf := make([]byte, len(preface))
	n, _, err := unix.Recvfrom(fd, buf, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil || string(buf[:n]) != preface {
		return false
	}
	n, _, err = unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
	return err == nil && n == len(preface)
}

// closeInherited closes descriptors that the parent program left open by
// mistake: a descriptor that came through exec has no close-on-exec flag, and
// every descriptor that this program opens has.
func closeInherited() {
	for _, name := range procfs.ListDir("/dev/fd") {
		fd := procfs.ParseDigits([]byte(name))
		if fd <= controlFD {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}
