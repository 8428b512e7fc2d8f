package keeper

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"initiator/internal/unixpath"
)

// listenHandover makes the socket at which the next initiator will find the
// keeper, and gives it to the keeper. This process keeps no copy.
func (k *Keeper) listenHandover(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the socket of the last keeper: %w", err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make the socket for the next initiator: %w", err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() { _ = f.Close() }()
	var st unix.Stat_t
	err = unixpath.WithShortPath(path, func(short string) error {
		return errors.Join(unix.Fchmod(fd, 0o600), unix.Bind(fd, &unix.SockaddrUnix{Name: short}), unix.Listen(fd, 4))
	})
	if err == nil {
		err = unix.Lstat(path, &st)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", path, err)
	}
	return k.sendOrder(message{Op: opHandoverSocket, Path: path, Dev: uint64(st.Dev), Ino: st.Ino}, f)
}

// RestoreHandoverSocket makes the socket at path again when its file was removed, and
// reports whether it did. A keeper of an older version keeps the socket without a
// file; no initiator can attach to it.
func (k *Keeper) RestoreHandoverSocket(path string) (restored bool, err error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); !errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err := k.listenHandover(path); err != nil {
		return false, err
	}
	return true, nil
}

// dialHandover connects to the keeper at path.
func dialHandover(path string) (*net.UnixConn, *attachedKeeper, error) {
	var conn net.Conn
	err := unixpath.WithShortPath(path, func(short string) (err error) {
		conn, err = net.DialTimeout("unix", short, attachTimeout)
		return err
	})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil, ErrNoKeeper
	}
	if err != nil {
		return nil, nil, fmt.Errorf("attach to the keeper at %s: %w", path, err)
	}
	c := conn.(*net.UnixConn)
	if err := checkSameUser(c); err != nil {
		_ = c.Close()
		return nil, nil, fmt.Errorf("attach to the keeper at %s: %w", path, err)
	}
	return c, &attachedKeeper{fd: -1}, nil
}

// checkSameUser refuses a socket of another user, to whom the initiator would
// send secrets. (The kernel names the process that called listen: the initiator
// that launched the keeper, which is dead. The keeper's own process id is in
// KindHello.)
func checkSameUser(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	same := false
	err = raw.Control(func(fd uintptr) { same = sameUser(int(fd)) })
	if err == nil && !same {
		err = errors.New("it belongs to another user")
	}
	return err
}

// acceptConn accepts one connection; it never blocks.
func acceptConn(fd int) (int, error) {
	n, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	return n, err
}

// sameUser reports whether the peer belongs to the user of this process.
func sameUser(fd int) bool {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	return err == nil && int(cred.Uid) == os.Geteuid()
}

// attachedKeeper is a keeper that another process has started. Its pidfd never
// names another process.
type attachedKeeper struct {
	number int

	mu sync.Mutex // guards fd, so that kill never uses a number that was reused after close
	fd int        // pidfd; -1 = not open
}

// openHandle opens the pidfd of the process id in KindHello.
func (f *attachedKeeper) openHandle(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	f.number, f.fd = pid, fd
	return nil
}

func (f *attachedKeeper) pid() int { return f.number }

func (f *attachedKeeper) kill() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return os.ErrProcessDone
	}
	return unix.PidfdSendSignal(f.fd, unix.SIGKILL, nil, 0)
}

func (f *attachedKeeper) releaseHandle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	unix.Close(f.fd)
	f.fd = -1
}

// awaitEnd waits until the keeper has ended. Only its parent learns the exit
// status.
func (f *attachedKeeper) awaitEnd() string {
	defer f.releaseHandle()
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}, -1)
		if err != unix.EINTR {
			break
		}
	}
	// After an upgrade by exec the keeper is a child of this process all the
	// same, and would stay a zombie. An error says that it is not.
	var status unix.WaitStatus
	if pid, err := unix.Wait4(f.number, &status, unix.WNOHANG, nil); err == nil && pid == f.number {
		return fmt.Sprintf("wait status %#x", int(status))
	}
	return "how it ended is not known here: another process had started it"
}
