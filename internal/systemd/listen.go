package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// firstFD is the first descriptor that is passed (SD_LISTEN_FDS_START).
const firstFD = 3

// maxFDs limits the number of descriptors. A larger number is a mistake.
const maxFDs = 1024

// CountPassed returns the number of descriptors, from 3 on, that were passed to
// process pid. lookup is os.LookupEnv.
func CountPassed(lookup func(string) (string, bool), pid int) (int, error) {
	text, _ := lookup("LISTEN_FDS")
	if text == "" || !isForProcess(lookup, "LISTEN_PID", pid, false) {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxFDs {
		return 0, fmt.Errorf("LISTEN_FDS=%s: not a number of descriptors", text)
	}
	return n, nil
}

// PassedListeners returns the sockets that were passed to process pid:
// listening TCP or unix sockets. The descriptors stay open, hidden from
// children: the manager has copies, so closing them here would close nothing.
// It may be called once. The caller unsets the variables.
func PassedListeners(lookup func(string) (string, bool), pid int) ([]net.Listener, error) {
	n, err := CountPassed(lookup, pid)
	if err != nil {
		return nil, err
	}
	var list []net.Listener
	for fd := firstFD; fd < firstFD+n; fd++ {
		unix.CloseOnExec(fd)
		l, err := listenerFor(fd)
		if err != nil {
			closeAll(list)
			return nil, fmt.Errorf("LISTEN_FDS=%d: descriptor %d %w", n, fd, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// closeAll closes listeners that have accepted no connection.
func closeAll(list []net.Listener) {
	for _, l := range list {
		_ = l.Close() // no connection was accepted
	}
}

var errNotListening = errors.New("is not a listening TCP or unix socket; set Accept=no and ListenStream= in the socket unit")

// listenerFor returns a listener for a copy of the descriptor. Its Close does
// not remove a unix socket from the file system: the manager has created the
// socket, and removes it.
func listenerFor(fd int) (net.Listener, error) {
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
		return nil, errNotListening
	}
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, firstFD)
	if err != nil {
		return nil, fmt.Errorf("cannot be copied: %w", err)
	}
	f := os.NewFile(uintptr(copied), "listener")
	defer func() { _ = f.Close() }() // FileListener has a copy
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("cannot be listened on: %w", err)
	}
	switch l := l.(type) {
	case *net.TCPListener:
		return l, nil
	case *net.UnixListener:
		l.SetUnlinkOnClose(false)
		return l, nil
	}
	_ = l.Close()
	return nil, errNotListening
}
