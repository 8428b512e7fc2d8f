package client

import (
	"context"
	"net"

	"initiator/internal/unixpath"
)

// dial connects to the client's socket, and fails as dialSocket does.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	nc, err := dialSocket(ctx, c.socket)
	if err == nil {
		c.outage.noteConnection()
	}
	return nc, err
}

// dialSocket connects to the socket. The error is an *UnreachableError. The path may
// be longer than a unix address.
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
