package chirp

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
)

var errBroken = errors.New("wire is broken")

// breaking is a connection that takes life bytes and then breaks.
type breaking struct {
	net.Conn
	life int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) <= b.life {
		b.life -= len(p)
		return b.Conn.Write(p)
	}
	n, err := b.Conn.Write(p[:b.life])
	if b.life = 0; err == nil {
		err = errBroken
	}
	return n, err
}

// Five messages go by one write, which breaks inside the third. The first two
// are with the operating system, the third has failed, and of the others no
// byte has gone: they go by the next connection, once.
func TestWriteThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connect, opened := nodes(t, ID{1})
		lives := []int{HandshakeSize + 2*(HeadSize+1) + 5, 1 << 20}
		wait := make(chan bool)
		p := bubble(t, Config{Async: true}, func(ctx context.Context) (net.Conn, error) {
			<-wait // until all are queued
			nc, err := connect(ctx)
			b := &breaking{nc, lives[0]}
			lives = lives[1:]
			return b, err
		})
		var fs []*Future
		for _, data := range []string{"1", "2", "3", "4", "5"} {
			fs = append(fs, p.Send(newPeerMessage(there, data)))
		}
		close(wait)
		got := map[string]int{}
		for range 2 {
			n := <-opened
			for len(got) < 4 {
				m, open := n.next()
				if !open {
					break
				}
				got[string(m.Data)]++
			}
		}
		for i, f := range fs {
			if err := f.Wait(t.Context()); i == 2 && !errors.Is(err, errBroken) || i != 2 && err != nil {
				t.Errorf("message %d: %v", i+1, err)
			}
		}
		for _, data := range []string{"1", "2", "4", "5"} {
			if got[data] != 1 || got["3"] != 0 {
				t.Errorf("arrived: %v", got)
			}
		}
	})
}

// tired is a listener that is out of descriptors, then back, then closed.
type tired struct {
	net.Listener
	errs []error
}

func (l *tired) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func (l *tired) Close() error { return nil }

func TestListenerThatIsOutOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := bubble(t, Config{}, nil)
		l := &tired{errs: []error{errBroken, errBroken, net.ErrClosed}}
		if err := p.startAccepting(l, 1); err != nil {
			t.Fatal(err)
		}
		p.Shutdown(true)
	})
}
