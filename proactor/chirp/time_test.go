package chirp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	here  = netip.MustParseAddrPort("127.0.0.1:1001")
	there = netip.MustParseAddrPort("127.0.0.1:2998")
)

// bubble is a peer in a bubble of synctest, where time costs nothing, on a
// network that the test makes.
func bubble(t *testing.T, c Config, connect func(context.Context) (net.Conn, error)) *Peer {
	p, err := NewPeer(c)
	if err != nil {
		t.Fatal(err)
	}
	p.connect = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) { return connect(ctx) }
	t.Cleanup(func() { p.Shutdown(false) })
	return p
}

// node is the other side of a connection, which the test speaks itself.
type node struct {
	t  *testing.T
	nc net.Conn
	r  *frameReader
}

// nodes gives a network for bubble, and the other sides as they are connected
// to; each has said its handshake.
func nodes(t *testing.T, id ID) (func(context.Context) (net.Conn, error), chan *node) {
	opened := make(chan *node, 10)
	return func(context.Context) (net.Conn, error) {
		x, y := net.Pipe()
		n := &node{t, y, newReader(y, 0)}
		go func() {
			if _, err := n.r.readHandshake(); err != nil {
				t.Error(err)
			}
			y.Write(Handshake{Port: there.Port(), Node: id}.Bytes())
			opened <- n
		}()
		return x, nil
	}, opened
}

// next is the next message, and next of a connection that was closed is false.
func (n *node) next() (Message, bool) {
	var m Message
	err := n.r.readMessage(&m)
	m.Own()
	return m, err == nil
}

func (n *node) ack(id ID) { n.nc.Write(stream(Message{Identity: id, Type: Ack})) }

func TestNoAckInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connect, opened := nodes(t, ID{1})
		p := bubble(t, Config{}, connect)
		began := time.Now()
		one, two := p.Send(newPeerMessage(there, "1")), p.Send(newPeerMessage(there, "2"))
		n := <-opened
		m, _ := n.next()
		if m.Type != ReqAck || string(m.Data) != "1" {
			t.Errorf("type %d, data %q", m.Type, m.Data)
		}
		if _, open := n.next(); open {
			t.Error("a second message before the first one's ACK")
		}
		if err := one.Wait(t.Context()); !isTimeout(err) || time.Since(began) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		n = <-opened // exactly that message failed; the other goes by a new connection
		m, _ = n.next()
		n.ack(one.message.Identity) // comes too late, which is no fault
		n.ack(m.Identity)
		if err := two.Wait(t.Context()); err != nil || string(m.Data) != "2" {
			t.Errorf("%q: %v", m.Data, err)
		}
	})
}

// The other side reads nothing: an asynchronous message cannot be handed over.
func TestNoWriteInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connect, opened := nodes(t, ID{1})
		p := bubble(t, Config{Async: true, Timeout: 7 * time.Second}, connect)
		began := time.Now()
		f := p.Send(newPeerMessage(there, "x"))
		<-opened
		if err := f.Wait(t.Context()); !isTimeout(err) || time.Since(began) != 7*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestNoConnectionInTime(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Minute: time.Minute} {
		for name, connect := range map[string]func(context.Context) (net.Conn, error){
			"no answer": func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			"no handshake": func(ctx context.Context) (net.Conn, error) {
				x, y := net.Pipe()
				context.AfterFunc(ctx, func() { y.Close() })
				return x, nil
			},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := bubble(t, Config{Timeout: timeout}, connect)
					began := time.Now()
					one, two := p.Send(newPeerMessage(there, "1")), p.Send(newPeerMessage(there, "2"))
					for _, f := range []*Future{one, two} {
						if err := f.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != want {
							t.Errorf("after %v: %v", time.Since(began), err)
						}
					}
				})
			})
		}
	}
}

func TestIdleConnectionIsProbedAndDropped(t *testing.T) {
	for name, c := range map[string]struct {
		used, idle time.Duration // after the peer's start; from there to the next message
		want       Type
		dropped    bool
	}{
		"young":                   {0, 14 * time.Second, ReqAck, false},
		"old":                     {time.Second, 22 * time.Second, ReqAck, false},
		"old enough for a NOOP":   {time.Second, 23 * time.Second, Noop, false},
		"as old as one can be":    {time.Second, 28 * time.Second, Noop, false},
		"dropped when half over":  {0, 16 * time.Second, 0, true},
		"dropped before it is 30": {time.Second, 30 * time.Second, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connect, opened := nodes(t, ID{1})
				p := bubble(t, Config{}, connect)
				<-time.After(c.used)
				f := p.Send(newPeerMessage(there, "x"))
				n := <-opened
				m, _ := n.next()
				n.ack(m.Identity)
				must(t, f)
				<-time.After(c.idle)
				synctest.Wait()
				if dropped := p.count() == 0; dropped != c.dropped {
					t.Fatalf("dropped: %v", dropped)
				}
				if c.dropped {
					return
				}
				f = p.Send(newPeerMessage(there, "y"))
				m, _ = n.next()
				if m.Type != c.want {
					t.Errorf("type %d, want %d", m.Type, c.want)
				}
				if m.Type == Noop {
					m, _ = n.next()
				}
				n.ack(m.Identity)
				must(t, f)
			})
		})
	}
}

// A connection whose message is still being handled is not idle.
func TestSlotsKeepTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := bubble(t, Config{KeepSlots: true}, nil)
		got := make(chan *PeerMessage, 1)
		p.config.Handler = func(l *PeerMessage) { got <- l }
		x, y := net.Pipe()
		go p.serveAccepted(x, here)
		n := &node{t, y, newReader(y, 0)}
		n.r.readHandshake()
		y.Write(append(Handshake{Port: 7}.Bytes(), stream(Message{Identity: ID{3}, Type: ReqAck})...))
		l := <-got
		<-time.After(time.Hour)
		l.Release()
		if m, open := n.next(); !open || m.Type != Ack || m.Identity != (ID{3}) {
			t.Errorf("open %v, type %d", open, m.Type)
		}
		if _, open := n.next(); open {
			t.Error("more than an ACK")
		}
	})
}

func TestNoAnswerInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connect, opened := nodes(t, ID{1})
		p := bubble(t, Config{}, connect)
		r := p.Request(newPeerMessage(there, "x"))
		n := <-opened
		m, _ := n.next()
		<-time.After(3 * time.Second)
		n.ack(m.Identity)
		if err := r.SendResult(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := time.Now()
		if _, err := r.Wait(t.Context()); !isTimeout(err) || time.Since(sent) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(sent), err)
		}
	})
}

func TestARestartedNodeHasAnotherIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connect, opened := nodes(t, ID{1})
		restarted := make(chan ID, 1)
		p := bubble(t, Config{Restarted: func(at netip.AddrPort, node ID) { restarted <- node }}, connect)
		f := p.Send(newPeerMessage(there, "x"))
		<-opened
		synctest.Wait()
		x, y := net.Pipe()
		go p.serveAccepted(x, here)
		newReader(y, 0).readHandshake()
		y.Write(Handshake{Port: there.Port(), Node: ID{2}}.Bytes())
		if err := f.Wait(t.Context()); !errors.Is(err, ErrRestarted) {
			t.Error(err)
		}
		if id := <-restarted; id != (ID{2}) {
			t.Error(id)
		}
		synctest.Wait()
		if n := p.count(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestForgottenRemotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := bubble(t, Config{}, func(context.Context) (net.Conn, error) { return nil, errors.New("no network") })
		p.Send(newPeerMessage(there, "x")).Wait(t.Context())
		<-time.After(2 * defaultReuse)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.remotes) != 0 {
			t.Error("a remote is remembered for ever")
		}
	})
}

func TestBatchThatFails(t *testing.T) {
	batch := []*Future{{}, {message: Message{Data: make([]byte, 10)}}, {}}
	for n, want := range map[int]int{-5: 0, 0: 0, 26: 0, 27: 1, 63: 1, 64: 2, 90: 2, 91: 2} {
		if got := countWritten(batch, n); got != want {
			t.Errorf("%d bytes written: message %d failed, want %d", n, got, want)
		}
	}
}
