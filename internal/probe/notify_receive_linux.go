package probe

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// namesSender: the kernel names the process that sent a message.
const namesSender = true

// askForSender makes the kernel name the sender of each message, before the
// first one can arrive.
func askForSender(_, _ string, conn syscall.RawConn) (err error) {
	if failed := conn.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}); failed != nil {
		return failed
	}
	return err
}

// receiveNotify receives one message and the process id of its sender; 0 = not
// known. The buffer of control messages has no room for descriptors, so the
// kernel closes each descriptor that a sender passes. systemd-notify waits for
// that (BARRIER=1).
func receiveNotify(conn *net.UnixConn, buf []byte) (size, sender int, err error) {
	var control [32]byte // unix.CmsgSpace(unix.SizeofUcred)
	size, n, _, _, err := conn.ReadMsgUnix(buf, control[:])
	if err != nil {
		return 0, 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) == 0 {
		return size, 0, nil
	}
	credentials, err := unix.ParseUnixCredentials(&messages[0])
	if err != nil {
		return size, 0, nil
	}
	return size, int(credentials.Pid), nil
}
