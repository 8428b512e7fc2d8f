package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/unixpath"
)

// errSecondTCP is for sockets among which the address for workers would be
// unclear.
var errSecondTCP = errors.New("listen for the API: more than one TCP socket was passed to it; one ListenStream= with a port is enough")

// adoptListeners takes the listeners that were passed: a TCP listener replaces
// Addr and Port, a unix listener at Socket replaces that, and all others are
// served beside them.
func (s *Server) adoptListeners(passed []net.Listener) error {
	for _, l := range passed {
		switch {
		case l.Addr().Network() != "tcp":
			// A long path was bound through a descriptor that means another
			// directory by now. Of an earlier program's listeners, the first
			// unix listener belongs to Socket.
			if s.ownsSocket && (s.o.Own && s.unix == nil || isSameFile(l.Addr().String(), s.o.Socket)) {
				s.unix, s.ownsSocket = l, false
				continue
			}
			s.others = append(s.others, l)
		case s.tcp != nil:
			return errSecondTCP
		default:
			s.tcp = l
			s.o.Addr = l.Addr().(*net.TCPAddr).IP.String()
		}
	}
	return nil
}

// openListeners opens the listeners that were not passed.
func (s *Server) openListeners() (err error) {
	passed := s.tcp != nil
	if !passed {
		s.tcp, err = net.Listen("tcp", net.JoinHostPort(s.o.Addr, strconv.Itoa(s.o.Port)))
		if err != nil {
			return fmt.Errorf("listen for the API: %w; choose another listen_port in [initiator], or 0 for any free one", err)
		}
	}
	if !s.ownsSocket {
		return nil
	}
	if s.unix, err = listenUnix(s.o.Socket, s.o.SocketMode, s.o.SocketGroup); err != nil && !passed {
		_ = s.tcp.Close() // no client knows its address yet
	}
	return err
}

// listenUnix listens at path. A socket that a dead initiator has left is
// replaced; a socket at which a process answers is not. Until the socket has its
// group and mode, only its owner can connect.
func listenUnix(path string, mode os.FileMode, group *uint32) (l net.Listener, err error) {
	err = unixpath.WithShortPath(path, func(short string) error {
		l, err = bindUnix(short)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	if mode == 0 {
		mode = 0o600
	}
	if group != nil {
		err = os.Chown(path, -1, int(*group))
	}
	if err = errors.Join(err, os.Chmod(path, mode)); err != nil {
		l.Close()
		return nil, fmt.Errorf("protect the socket: %w", err)
	}
	return l, nil
}

// closeToOthers gives a socket the mode 0600 before it is bound, whatever the
// umask is.
func closeToOthers(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) }) // only Linux has modes of sockets without a path
}

// bindUnix binds and listens at short.
func bindUnix(short string) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", short, time.Second); err == nil {
		c.Close()
		return nil, errors.New("another initiator answers there")
	}
	if err := os.Remove(short); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale socket: %w", err)
	}
	l, err := (&net.ListenConfig{Control: closeToOthers}).Listen(context.Background(), "unix", short)
	if err != nil {
		return nil, err
	}
	// The path that was bound may lead through a descriptor that is about to
	// close: Close removes the socket by its real name.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	return l, nil
}

// isSameFile reports whether two paths lead to one socket.
func isSameFile(a, b string) bool {
	infoA, err := os.Lstat(a)
	if err != nil {
		return false
	}
	infoB, err := os.Lstat(b)
	return err == nil && os.SameFile(infoA, infoB)
}

// allListeners returns TCP first, then the unix socket, then all further listeners
// that the next program of this process gets.
func (s *Server) allListeners() []net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lockedListeners()
}

// lockedListeners is allListeners for a caller that holds s.mu.
func (s *Server) lockedListeners() []net.Listener {
	list := []net.Listener{s.tcp}
	if s.unix != nil {
		list = append(list, s.unix)
	}
	return append(list, s.others...)
}

// CopyListeners returns copies of all listening sockets, for the next program of
// this process: clients wait in their backlogs. From then on Close leaves the
// unix socket's path where it is.
func (s *Server) CopyListeners() (files []*os.File, err error) {
	for _, l := range s.allListeners() {
		f, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			for _, f := range files {
				_ = f.Close()
			}
			return nil, err
		}
		files = append(files, f)
	}
	s.handedOver.Store(true)
	return files, nil
}
