package client

import (
	"context"
	"fmt"
	"net"

	"initiator/internal/unixpath"
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

// dialSocket connects to the socket, whatever the length of its path.
func dialSocket(ctx context.Context, socket string) (c net.Conn, err error) {
	var d net.Dialer
	err = unixpath.WithShortPath(socket, func(short string) error {
		c, err = d.DialContext(ctx, "unix", short)
		return err
	})
	if err != nil {
		return nil, &UnreachableError{socket, err}
	}
	return c, nil
}
