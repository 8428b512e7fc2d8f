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

// dial connects to the initiator. The error is an *UnreachableError, or a
// *notConnectedError from BeforeConnect.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	if c.beforeConnect != nil {
		if err := c.beforeConnect(ctx); err != nil {
			return nil, &notConnectedError{err}
		}
	}
	if c.socket == "" {
		return c.dialTCP(ctx)
	}
	nc, err := dialSocket(ctx, c.socket)
	if err == nil {
		c.outage.noteConnection()
		c.silence.peer.Store(int64(stateclaim.PeerPID(nc)))
	}
	return nc, err
}

// dialTCP connects to the address of the client's URL.
func (c *Client) dialTCP(ctx context.Context) (net.Conn, error) {
	host := c.base.Host
	if c.base.Port() == "" {
		host = net.JoinHostPort(c.base.Hostname(), defaultPort(c.base.Scheme))
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", host)
	if err == nil && c.base.Scheme == "https" {
		nc, err = tlsClient(ctx, nc, host)
	}
	if err != nil {
		return nil, &UnreachableError{c.base.String(), err}
	}
	c.outage.noteConnection()
	return nc, nil
}

// notConnectedError is the error of BeforeConnect. No attempt follows it.
type notConnectedError struct{ err error }

// Error is the text of the function's error.
func (e *notConnectedError) Error() string { return e.err.Error() }

// Unwrap returns the function's error.
func (e *notConnectedError) Unwrap() error { return e.err }

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

// defaultPort returns the port of a URL without a port.
func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}
