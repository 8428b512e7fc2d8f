package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"initiator/proactor"
)

// Protocol is the value of the HTTP header Upgrade.
const Protocol = "chirp"

// ErrUnsupported says that the peer offers no stream: it answered the request
// with another status than 101.
var ErrUnsupported = errors.New("the peer does not open a stream")

// UpgradeRequest holds the variable parts of a GET /stream request.
type UpgradeRequest struct {
	// Path is "/stream" behind the path of the peer's base URL.
	Path, Host string
	// Header authorises the request: Channel and Token, or Authorization.
	Header http.Header
}

// RequestUpgrade requests a stream on a new connection. It returns that
// connection with every byte of the stream. On an error, and when ctx ends
// first, it closes the connection. If the peer declines, the error wraps
// ErrUnsupported and holds the peer's answer.
func RequestUpgrade(ctx context.Context, nc net.Conn, r UpgradeRequest) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	opened, err := sendUpgrade(nc, r)
	if !stop() {
		err = errors.Join(err, context.Cause(ctx))
	}
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("GET %s: %w", r.Path, err)
	}
	return opened, nil
}

func sendUpgrade(nc net.Conn, r UpgradeRequest) (net.Conn, error) {
	header := r.Header.Clone()
	header.Set("Connection", "Upgrade")
	header.Set("Upgrade", Protocol)
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.Path, r.Host)
	_ = header.Write(&b) // a strings.Builder never fails
	b.WriteString("\r\n")
	if _, err := io.WriteString(nc, b.String()); err != nil {
		return nil, err
	}
	in := bufio.NewReader(io.LimitReader(nc, 64<<10))
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols || !strings.EqualFold(res.Header.Get("Upgrade"), Protocol) {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 300))
		_ = res.Body.Close() // the connection is closed anyway
		return nil, fmt.Errorf("%w: %s %s", ErrUnsupported, res.Status, said)
	}
	return withBuffered(nc, in), nil
}

// IsUpgrade reports whether a request asks for a stream.
func IsUpgrade(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), Protocol) }

// AcceptUpgrade answers an authorised request for a stream with 101 and returns
// its connection, which the caller then owns. An error says that there is no
// connection to take over, as in HTTP/2; in this case nothing was answered.
func AcceptUpgrade(w http.ResponseWriter) (net.Conn, error) {
	nc, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	_ = nc.SetDeadline(time.Time{}) // the server's deadlines are for requests, not for a stream
	const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + Protocol + "\r\n\r\n"
	if _, err := io.WriteString(nc, answer); err != nil {
		nc.Close()
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	return withBuffered(nc, in.Reader), nil
}

// SessionHeader returns the headers of a request in a session.
func SessionHeader(channel int, token string) http.Header {
	return http.Header{proactor.HeaderChannel: {strconv.Itoa(channel)}, proactor.HeaderToken: {token}}
}

// withBuffered returns a connection that first yields the bytes that in has
// read ahead.
func withBuffered(nc net.Conn, in *bufio.Reader) net.Conn {
	if in.Buffered() == 0 {
		return nc
	}
	rest, _ := in.Peek(in.Buffered())
	return &prefixedConn{nc, append([]byte(nil), rest...)}
}

// prefixedConn is a connection with bytes that were read ahead.
type prefixedConn struct {
	net.Conn
	rest []byte
}

// Read implements net.Conn. Only one goroutine may call it at a time.
func (c *prefixedConn) Read(b []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(b, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
