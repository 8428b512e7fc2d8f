package chirp

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// The other side neither reads nor hangs up; Close has patience for a second.
func TestConnCloseEndsAWriteThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		defer y.Close()
		c := NewConn(x, ConnOptions{})
		end := serve(t, c, nil)
		if err := c.Send(Message{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the write hangs
		began := time.Now()
		c.Close()
		<-time.After(closeTimeout / 2)
		c.Close() // again, which gives it no more time
		if err := <-end; err != nil || time.Since(began) != closeTimeout {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// A write fails and nothing more comes: the connection ends with the reason.
func TestConnEndsWhenItCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		defer y.Close()
		c := NewConn(&breaking{Conn: x}, ConnOptions{})
		began := time.Now()
		end := serve(t, c, nil)
		if err := c.Send(Message{}); err != nil {
			t.Fatal(err)
		}
		go y.Read(make([]byte, 1))
		if err := <-end; !errors.Is(err, errBroken) || time.Since(began) != closeTimeout {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := c.Send(Message{}); !errors.Is(err, errBroken) {
			t.Errorf("send afterwards: %v", err)
		}
	})
}
