//go:build !linux

package port

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// reservable is false: BSD's SO_REUSEADDR does not let a worker bind over a
// socket that is bound to the same address. Reserve acts as Bind here.
const reservable = false

// newSocket makes a TCP socket that no child inherits by accident. The lock
// keeps forks of this process out between the two calls.
func newSocket(family int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	return fd, nil
}
