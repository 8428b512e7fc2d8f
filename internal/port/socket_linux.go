package port

import "golang.org/x/sys/unix"

// reservable says that a socket that never listens can hold a port while a
// worker binds over it.
const reservable = true

// newSocket makes a TCP socket that no child ever inherits by accident:
// close-on-exec is set in the same call, because a fork may come in between.
func newSocket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
}
