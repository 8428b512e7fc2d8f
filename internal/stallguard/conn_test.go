package stallguard

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const timeout = time.Minute

// withConn calls f with a guarded connection and its peer, in a time of its own.
func withConn(t *testing.T, f func(t *testing.T, guarded *conn, peer net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, peer := net.Pipe()
		defer ours.Close()
		defer peer.Close()
		f(t, &conn{Conn: ours, timeout: timeout}, peer)
	})
}

// A write ends when its peer reads nothing for the time-out, and not before.
func TestPeerThatDoesNotRead(t *testing.T) {
	withConn(t, func(t *testing.T, c *conn, peer net.Conn) {
		for _, idle := range []time.Duration{0, timeout / 20, 10 * timeout} {
			<-time.After(idle) // a connection may be idle
			begun := time.Now()
			n, err := c.Write([]byte("text"))
			if took := time.Since(begun); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || took > timeout || took < timeout-timeout/16 {
				t.Errorf("after %v: %d bytes in %v, %v", idle, n, took, err)
			}
		}
	})
}

// A peer that reads slowly gets all of a long write.
func TestSlowPeer(t *testing.T) {
	withConn(t, func(t *testing.T, c *conn, peer net.Conn) {
		long := bytes.Repeat([]byte("x"), 5*partSize+1)
		read := make(chan int)
		go func() {
			sum := 0
			for buffer := make([]byte, partSize); sum < len(long); {
				<-time.After(timeout * 9 / 10)
				n, err := peer.Read(buffer)
				if sum += n; err != nil {
					break
				}
			}
			read <- sum
		}()
		n, err := c.Write(long)
		if err != nil || n != len(long) || <-read != n {
			t.Errorf("%d bytes were written: %v", n, err)
		}
	})
}

// A deadline that the user of the connection sets is kept, until it is removed.
func TestOwnDeadline(t *testing.T) {
	withConn(t, func(t *testing.T, c *conn, peer net.Conn) {
		for _, set := range []func(time.Time) error{c.SetWriteDeadline, c.SetDeadline} {
			if err := set(time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte("text")); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a deadline in the past: %v", err)
			}
			if err := set(time.Time{}); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.ReadFull(peer, make([]byte, 4)) }()
			if _, err := c.Write([]byte("text")); err != nil {
				t.Errorf("after the deadline was removed: %v", err)
			}
		}
	})
}
