package client

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"syscall"

	"initiator/internal/stateclaim"
	"initiator/internal/unixpath"
)

// dial connects to the client's socket, and fails as dialSocket does.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	nc, err := dialSocket(ctx, c.socket)
	if err == nil {
		c.outage.noteConnection()
		c.silence.peer.Store(int64(stateclaim.PeerPID(nc)))
	}
	return nc, err
}

// dialSocket connects to the socket, or without the socket to the initiator of its
// directory. The error is an *UnreachableError. The path may be longer than a unix
// address.
func dialSocket(ctx context.Context, socket string) (c net.Conn, err error) {
	var d net.Dialer
	err = unixpath.WithShortPath(socket, func(short string) error {
		c, err = d.DialContext(ctx, "unix", short)
		return err
	})
	if err != nil {
		if c := dialWithoutSocket(ctx, socket, err); c != nil {
			return c, nil
		}
		return nil, &UnreachableError{socket, err}
	}
	return c, nil
}

// dialWithoutSocket connects to the initiator whose state directory or socket was
// removed while it runs. It returns nil when there is no such initiator.
func dialWithoutSocket(ctx context.Context, socket string, err error) net.Conn {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return stateclaim.Dial(ctx, filepath.Dir(socket))
}
