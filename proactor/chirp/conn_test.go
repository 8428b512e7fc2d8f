package chirp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
)

// serve runs c until the test's end and gives its error.
func serve(t testing.TB, c *Conn, receive func(*Message)) chan error {
	end := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { end <- c.Serve(receive) })
	t.Cleanup(func() { c.Close(); wg.Wait() })
	return end
}

func hello(t testing.TB, a, b *Conn) (ofB, ofA Handshake) {
	t.Helper()
	var wg sync.WaitGroup
	var errA, errB error
	wg.Go(func() { ofB, errA = a.ExchangeHandshakes(t.Context()) })
	wg.Go(func() { ofA, errB = b.ExchangeHandshakes(t.Context()) })
	wg.Wait()
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	return ofB, ofA
}

func TestConnCarriesMessages(t *testing.T) {
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			x, y := open(t)
			a := NewConn(x, ConnOptions{Handshake: Handshake{Port: 1, Node: ID{1}}})
			b := NewConn(y, ConnOptions{Handshake: Handshake{Port: 2, Node: ID{2}}})
			if ofB, ofA := hello(t, a, b); ofB != b.handshake || ofA != a.handshake {
				t.Errorf("handshakes %v and %v", ofB, ofA)
			}
			serve(t, b, func(m *Message) { // answers in place
				if err := b.Send(*m); err != nil {
					t.Error(err)
				}
			})
			got := make(chan Message, 3)
			serve(t, a, func(m *Message) { m.Own(); got <- *m })
			for i, data := range [][]byte{nil, []byte("data"), bytes.Repeat([]byte("large"), readBuffer)} {
				want := Message{Identity: NewID(), Header: []byte("head"), Data: data}
				if err := errors.Join(a.SendNoop(), a.Send(want)); err != nil {
					t.Fatal(err)
				}
				if m := <-got; m.Identity != want.Identity || string(m.Header) != "head" || !bytes.Equal(m.Data, data) {
					t.Errorf("message %d came back as %s %q with %d bytes", i, m.Identity, m.Header, len(m.Data))
				}
			}
		})
	}
}

// A worker that knows no stream never says a word.
func TestConnHandshakeEndsWithItsContext(t *testing.T) {
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			x, y := open(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			gone := errors.New("worker is gone")
			go func() {
				io.ReadFull(y, make([]byte, HandshakeSize))
				cancel(gone)
			}()
			if _, err := NewConn(x, ConnOptions{}).ExchangeHandshakes(ctx); !errors.Is(err, gone) {
				t.Errorf("got %v", err)
			}
			if _, err := y.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the stream was left open: %v", err)
			}
		})
	}
}

func TestConnHandshakeWithAClosedStream(t *testing.T) {
	for n, want := range map[int]error{0: io.EOF, 5: ShortHandshake} {
		x, y := socketpair(t)
		y.Write(make([]byte, n))
		y.(*net.UnixConn).CloseWrite()
		if _, err := NewConn(x, ConnOptions{}).ExchangeHandshakes(t.Context()); !errors.Is(err, want) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// raw is a Conn whose other side the test speaks itself.
func raw(t *testing.T, receive func(*Message)) (*Conn, net.Conn, chan error) {
	x, y := socketpair(t)
	c := NewConn(x, ConnOptions{})
	y.Write(Handshake{}.Bytes())
	if _, err := c.ExchangeHandshakes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(y, make([]byte, HandshakeSize)); err != nil {
		t.Fatal(err)
	}
	return c, y, serve(t, c, receive)
}

func TestConnEndsOnProtocolErrors(t *testing.T) {
	for want, p := range map[Fault][]byte{
		UnexpectedAck:   stream(Message{Type: Ack}),
		UnknownType:     head(0, 0, 8),
		ControlAsksAck:  head(0, 0, 5),
		ControlWithBody: head(1, 0, 4),
		AckAndNoop:      head(0, 0, 6),
		TooLarge:        head(MaxMessage, 1, 0),
	} {
		c, y, end := raw(t, func(*Message) { t.Error("message received") })
		y.Write(p)
		if err := <-end; !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if err := c.Send(Message{}); !errors.Is(err, want) {
			t.Errorf("send afterwards: %v, want %v", err, want)
		}
		if _, err := y.Read(make([]byte, 1)); err == nil {
			t.Error("the stream was left open")
		}
	}
}

func TestConnAcknowledgesWhenAsked(t *testing.T) {
	var c *Conn
	ready := make(chan bool)
	c, y, _ := raw(t, func(m *Message) {
		<-ready
		c.Send(Message{Identity: ID{9}})
	})
	close(ready)
	y.Write(stream(Message{Identity: ID{7}, Type: ReqAck, Data: []byte("x")}))
	r := newReader(y, 0)
	seen := map[Type]ID{}
	for range 2 {
		var m Message
		if err := r.readMessage(&m); err != nil {
			t.Fatal(err)
		}
		seen[m.Type] = m.Identity
	}
	if seen[Ack] != (ID{7}) || seen[0] != (ID{9}) {
		t.Errorf("got %v", seen)
	}
}

func TestServeReturnsTheReason(t *testing.T) {
	c, y, end := raw(t, nil)
	y.Close()
	if err := <-end; err != io.EOF {
		t.Errorf("the other side hung up: %v", err)
	}
	if err := c.Send(Message{}); err != io.EOF {
		t.Errorf("send afterwards: %v", err)
	}

	_, y, end = raw(t, nil)
	y.Write(head(5, 0, 0))
	y.Close()
	if err := <-end; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut inside a message: %v", err)
	}

	c, _, end = raw(t, nil)
	c.Close()
	c.Close()
	if err := <-end; err != nil {
		t.Errorf("after our close: %v", err)
	}
	if err := c.Send(Message{}); !errors.Is(err, ErrClosed) {
		t.Errorf("send after close: %v", err)
	}
	if err := c.Serve(nil); err != nil {
		t.Errorf("serve after close: %v", err)
	}
}

func TestConnCloseWritesWhatIsQueued(t *testing.T) {
	c, y, end := raw(t, nil)
	send := func() {
		if err := c.Send(Message{}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	io.ReadFull(y, make([]byte, HeadSize)) // Serve runs
	for range 100 {
		send()
	}
	c.Close()
	if err := <-end; err != nil {
		t.Error(err)
	}
	p, err := io.ReadAll(y)
	if err != nil || len(decode(t, p)) != 100 {
		t.Errorf("%d bytes, %v", len(p), err)
	}
}

func TestConnCloseWithoutServe(t *testing.T) {
	x, y := socketpair(t)
	c := NewConn(x, ConnOptions{})
	c.Close()
	if err := c.Send(Message{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := y.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}

// A side that has stopped reading costs its backlog and blocks no sender.
func TestConnSendNeverBlocks(t *testing.T) {
	x, y := socketpair(t)
	c := NewConn(x, ConnOptions{Backlog: 1 << 20})
	y.Write(Handshake{}.Bytes())
	if _, err := c.ExchangeHandshakes(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := serve(t, c, nil)
	m := Message{Data: make([]byte, 1<<16)}
	for c.Send(m) == nil {
		runtime.Gosched()
	}
	if err := c.Send(m); !errors.Is(err, ErrBacklog) {
		t.Error(err)
	}
	y.Close()
	if err := <-end; err == nil {
		t.Error("no reason for the end")
	}
}

// What the other side said before it went is read, although writing to it fails.
func TestConnReadsMessagesSentBeforeTheEnd(t *testing.T) {
	got := make(chan Message, 1)
	x, y := socketpair(t)
	y.Write(append(Handshake{}.Bytes(), stream(Message{Identity: ID{5}})...))
	y.Close()
	c := NewConn(x, ConnOptions{})
	c.reader.readHandshake()
	if err := c.Send(Message{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Serve(func(m *Message) { got <- *m }); err == nil {
		t.Error("no reason for the end")
	}
	if m := <-got; m.Identity != (ID{5}) {
		t.Error(m)
	}
}
