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

// Protocol is the value of the header Upgrade.
const Protocol = "chirp"

// ErrUnsupported says that the peer does not speak the stream: it answered the
// request for it with something else than 101.
var ErrUnsupported = errors.New("the peer does not open a stream")

// UpgradeRequest is what GET /stream is asked with.
type UpgradeRequest struct {
	// Path is "/stream", or whatever the peer's base URL puts before it.
	Path, Host string
	// Header holds Channel, Token, Authorization: whatever authorises it.
	Header http.Header
}

// RequestUpgrade asks for a stream on a connection that has been made for it and returns
// that connection with nothing of the stream lost. On an error, and when ctx
// ends first, the connection is closed. A peer that declines is an
// ErrUnsupported with what it said.
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
	_ = header.Write(&b) // a builder takes everything
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
		_ = res.Body.Close() // nothing of it is left
		return nil, fmt.Errorf("%w: %s %s", ErrUnsupported, res.Status, said)
	}
	return withBuffered(nc, in), nil
}

// IsUpgrade says whether a request asks for a stream.
func IsUpgrade(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), Protocol) }

// AcceptUpgrade answers a request for a stream, which the caller has authorised, with
// 101 and takes its connection, which is the caller's from now on. The error
// says that there is no connection to take, as in HTTP/2; nothing has been
// answered then.
func AcceptUpgrade(w http.ResponseWriter) (net.Conn, error) {
	nc, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	_ = nc.SetDeadline(time.Time{}) // the server's own are for requests
	const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + Protocol + "\r\n\r\n"
	if _, err := io.WriteString(nc, answer); err != nil {
		nc.Close()
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	return withBuffered(nc, in.Reader), nil
}

// SessionHeader is the header of a request under a session.
func SessionHeader(channel int, token string) http.Header {
	return http.Header{proactor.HeaderChannel: {strconv.Itoa(channel)}, proactor.HeaderToken: {token}}
}

// withBuffered gives back to a connection what was read ahead of it.
func withBuffered(nc net.Conn, in *bufio.Reader) net.Conn {
	if in.Buffered() == 0 {
		return nc
	}
	rest, _ := in.Peek(in.Buffered())
	return &prefixedConn{nc, append([]byte(nil), rest...)}
}

// prefixedConn is a connection that had been read ahead of.
type prefixedConn struct {
	net.Conn
	rest []byte
}

// Read implements net.Conn. Like any Read it is for one goroutine.
func (c *prefixedConn) Read(b []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(b, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
