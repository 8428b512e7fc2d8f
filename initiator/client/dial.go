package client

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
)

// UnreachableError says that nobody answers on a socket. Err tells a missing socket
// (fs.ErrNotExist) and a dead one (ECONNREFUSED) from one that may not be
// opened (fs.ErrPermission).
type UnreachableError struct {
	Socket string
	Err    error
}

// Error names the socket that was tried.
func (e *UnreachableError) Error() string { return fmt.Sprintf("no initiator answers on %s", e.Socket) }

// Unwrap returns why.
func (e *UnreachableError) Unwrap() error { return e.Err }

// dialSocket connects to the socket. A longer path than a unix address holds is
// reached through a descriptor of its directory, where the system has those.
func dialSocket(ctx context.Context, socket string) (net.Conn, error) {
	path := socket
	if len(socket) > maxSocketPath && runtime.GOOS == "linux" {
		dir, err := os.Open(filepath.Dir(socket))
		if err != nil {
			return nil, &UnreachableError{socket, err}
		}
		defer func() { _ = dir.Close() }()
		path = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket))
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, &UnreachableError{socket, err}
	}
	return c, nil
}

// maxSocketPath is the longest path that a unix address holds on Linux.
const maxSocketPath = 107
