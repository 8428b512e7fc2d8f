package chirp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
)

// dialRaw is a node that the test speaks itself, over a real socket.
func dialRaw(t *testing.T, to netip.AddrPort, hello Handshake) *node {
	t.Helper()
	nc, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	n := &node{t, nc, newReader(nc, 0)}
	nc.Write(hello.Bytes())
	if _, err := n.r.readHandshake(); err != nil {
		t.Fatal(err)
	}
	return n
}

// The bytes of a whole exchange, both directions, written out by hand.
func TestPeerSpeaksTheseBytes(t *testing.T) {
	var b *Peer
	b, at := newPeer(t, Config{Async: true, Identity: ID{0xbb, 15: 0xbb}, Handler: func(l *PeerMessage) {
		l.Data = []byte("pong")
		must(t, b.Send(l))
	}})
	nc, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.Write(unhex(t, "0001 aa0000000000000000000000000000aa"))
	nc.Write(unhex(t, "000102030405060708090a0b0c0d0e0f 00000005 00000004 0000 01 70696e67"))
	got := make([]byte, HandshakeSize+HeadSize+4+HeadSize)
	if _, err := io.ReadFull(nc, got); err != nil {
		t.Fatal(err)
	}
	hello := append([]byte{byte(at.Port() >> 8), byte(at.Port())}, unhex(t, "bb0000000000000000000000000000bb")...)
	if !bytes.Equal(got[:HandshakeSize], hello) {
		t.Errorf("handshake %x, want %x", got[:HandshakeSize], hello)
	}
	// The answer goes when it is sent; the ACK when the handler is done.
	answer, ack := got[HandshakeSize:HandshakeSize+HeadSize+4], got[HandshakeSize+HeadSize+4:]
	serial := parseHead(answer).Serial
	want := append(unhex(t, "000102030405060708090a0b0c0d0e0f 00000000 00000004 0000 00"), "pong"...)
	numberMessages(want, serial)
	if !bytes.Equal(answer, want) {
		t.Errorf("answer %x, want %x", answer, want)
	}
	want = unhex(t, "000102030405060708090a0b0c0d0e0f 00000000 00000000 0000 02")
	numberMessages(want, serial+1)
	if !bytes.Equal(ack, want) {
		t.Errorf("ACK %x, want %x", ack, want)
	}
}

func TestPeerHangsUpOnProtocolErrors(t *testing.T) {
	_, at := newPeer(t, Config{Handler: func(*PeerMessage) { t.Error("a bad message was handled") }})
	for name, p := range map[string][]byte{
		"ack of nothing": stream(Message{Identity: ID{1}, Type: Ack}),
		"ack of zero":    stream(Message{Type: Ack}),
		"unknown type":   head(0, 0, 64),
		"too large":      head(MaxMessage, 1, 0),
		"noop with data": head(1, 0, 4),
	} {
		t.Run(name, func(t *testing.T) {
			n := dialRaw(t, at, Handshake{Port: 1, Node: ID{1}})
			n.nc.Write(p)
			if _, open := n.next(); open {
				t.Error("an answer came")
			}
		})
	}
}

// Who is connected but says something wrong fails the message that waits.
func TestALostConnectionFailsTheMessageUnderWay(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) { got <- l }})
	n := dialRaw(t, at, Handshake{})
	n.nc.Write(stream(Message{Identity: ID{1}}, Message{Type: Noop}))
	f := b.Send(<-got)
	if m, open := n.next(); !open || m.Type != ReqAck || m.Identity != (ID{1}) {
		t.Fatalf("open %v, type %d", open, m.Type)
	}
	n.ack(ID{2})
	if err := f.Wait(t.Context()); !errors.Is(err, UnexpectedAck) {
		t.Error(err)
	}
}

// A node that connects again is one node: its new connection is written to, the
// one before is still read.
func TestAReplacedConnectionIsStillRead(t *testing.T) {
	got := make(chan *PeerMessage, 2)
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) { got <- l }})
	hello := Handshake{Port: 1, Node: ID{1}}
	before := dialRaw(t, at, hello)
	before.nc.Write(stream(Message{Identity: ID{1}}))
	<-got
	now := dialRaw(t, at, hello)
	now.nc.Write(stream(Message{Identity: ID{2}}))
	<-got
	before.nc.Write(stream(Message{Identity: ID{3}, Type: ReqAck}))
	l := <-got
	if m, _ := before.next(); m.Type != Ack || m.Identity != (ID{3}) {
		t.Errorf("type %d of %s where the message came from", m.Type, m.Identity)
	}
	f := b.Send(l)
	if m, _ := now.next(); m.Type != ReqAck || m.Identity != (ID{3}) {
		t.Errorf("type %d of %s on the new connection", m.Type, m.Identity)
	}
	before.ack(ID{3}) // an ACK counts wherever it comes
	must(t, f)
}
