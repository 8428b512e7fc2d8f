//go:build !linux

package probe

import (
	"net"
	"syscall"
)

// namesSender: the kernel does not name the process that sent a message.
const namesSender = false

func askForSender(string, string, syscall.RawConn) error { return nil }

// receiveNotify receives one message. The sender is not known.
func receiveNotify(conn *net.UnixConn, buf []byte) (size, sender int, err error) {
	size, err = conn.Read(buf)
	return size, 0, err
}
