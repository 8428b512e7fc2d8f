package stallguard

import (
	"net"
	"sync"
	"time"
)

// Listener returns a listener whose connections end when their peer reads nothing of
// what is written for the time-out.
func Listener(l net.Listener, timeout time.Duration) net.Listener { return &listener{l, timeout} }

type listener struct {
	net.Listener
	timeout time.Duration
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, timeout: l.timeout}, nil
}

// partSize is how many bytes a peer has to read within the time-out.
const partSize = 64 << 10

// conn sets a deadline before each part that it writes.
type conn struct {
	net.Conn
	timeout time.Duration

	mu    sync.Mutex
	set   time.Time // when the deadline was set; zero = there is none
	fixed bool      // the user of the connection has set a deadline, which is kept
}

// NetConn returns the connection below.
func (c *conn) NetConn() net.Conn { return c.Conn }

// Write implements net.Conn.
func (c *conn) Write(b []byte) (written int, err error) {
	for {
		part := b[:min(len(b), partSize)]
		c.extendDeadline()
		n, err := c.Conn.Write(part)
		written += n
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// extendDeadline gives the next part its time. A deadline that was set a moment ago
// serves as well: most writes are short, and there are many.
func (c *conn) extendDeadline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.fixed || now.Sub(c.set) < c.timeout/16 {
		return
	}
	c.set = now
	_ = c.Conn.SetWriteDeadline(now.Add(c.timeout)) // Write meets the error again
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteDeadline(t)
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteDeadline(t)
	return c.Conn.SetWriteDeadline(t)
}

// noteDeadline notes a deadline that the user of the connection sets.
func (c *conn) noteDeadline(t time.Time) { c.fixed, c.set = !t.IsZero(), time.Time{} }
