package client

import (
	"context"
	"net"

	"initiator/internal/unixpath"
)

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
