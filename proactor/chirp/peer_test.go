package chirp

import (
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// newPeer is a peer that listens on the loopback until the test's end.
func newPeer(t testing.TB, c Config) (*Peer, netip.AddrPort) {
	t.Helper()
	p, err := NewPeer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Shutdown(false) })
	at, err := p.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return p, at
}

func newPeerMessage(to netip.AddrPort, data string) *PeerMessage {
	return &PeerMessage{Address: to, Message: Message{Data: []byte(data)}}
}

// must waits for a future that has to succeed.
func must(t testing.TB, f *Future) {
	t.Helper()
	if err := f.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// modes are both ways to know that a message was sent.
var modes = map[string]bool{"sync": false, "async": true}

func TestPeerSendsAndAnswersInPlace(t *testing.T) {
	for mode, async := range modes {
		t.Run(mode, func(t *testing.T) {
			var b *Peer
			b, at := newPeer(t, Config{Async: async, Handler: func(l *PeerMessage) {
				if !l.HasSlot() {
					t.Error("a message without slot was handled")
				}
				l.Data = []byte(strings.ToUpper(string(l.Data)))
				b.Send(l)
			}})
			a, home := newPeer(t, Config{Async: async})
			l := newPeerMessage(at, "hello")
			l.Header = []byte("head")
			r := a.Request(l)
			if err := r.SendResult(t.Context()); err != nil {
				t.Fatal(err)
			}
			answer, err := r.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if answer.Identity != l.Identity || string(answer.Data) != "HELLO" || string(answer.Header) != "head" {
				t.Errorf("answer %s %q %q", answer.Identity, answer.Header, answer.Data)
			}
			if answer.RemoteIdentity != b.Identity() || answer.Address != at || answer.HasSlot() {
				t.Errorf("answer from %s at %v, slot %v", answer.RemoteIdentity, answer.Address, answer.HasSlot())
			}
			// The answer came by the connection of the request.
			if n := a.count() + b.count(); n != 2 {
				t.Errorf("%d ends of connections between %v and %v", n, home, at)
			}
		})
	}
}

// count is the number of the peer's connections.
func (p *Peer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// A peer that does not listen is answered on its connection, and only there.
func TestPeerThatDoesNotListen(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) { got <- l }})
	a, err := NewPeer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Shutdown(false)
	must(t, a.Send(newPeerMessage(at, "x")))
	l := <-got
	must(t, b.Send(l))
	a.Shutdown(false)
	for b.count() > 0 {
		b.Send(l).Wait(t.Context())
	}
	if err := b.Send(l).Wait(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("sent to a node that is gone: %v", err)
	}
}

func TestPeerSyncSucceedsOnRelease(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	_, at := newPeer(t, Config{KeepSlots: true, Handler: func(l *PeerMessage) { got <- l }})
	a, _ := newPeer(t, Config{})
	l := newPeerMessage(at, "x")
	f := a.Send(l)
	in := <-got
	select {
	case <-f.Done():
		t.Error("success before the release")
	default:
	}
	if err := a.Send(l).Wait(t.Context()); !errors.Is(err, ErrSending) {
		t.Errorf("the same message again: %v", err)
	}
	in.Identity = ID{} // the ACK has the identity of arrival, whatever the message holds now
	serial := in.Serial
	if id, s, ok := in.Release(); !ok || id != l.Identity || s != serial {
		t.Errorf("released %s %d %v", id, s, ok)
	}
	must(t, f)
	if _, _, ok := in.Release(); ok || in.HasSlot() {
		t.Error("released twice")
	}
	if _, _, ok := l.Release(); ok || l.HasSlot() {
		t.Error("a sent message has a slot")
	}
	f = a.Send(l) // can be sent again
	(<-got).Release()
	must(t, f)
}

func TestPeerReleasesWithoutHandlerAndAfterPanic(t *testing.T) {
	for name, handler := range map[string]func(*PeerMessage){
		"no handler": nil,
		"panic":      func(*PeerMessage) { panic("handler") },
	} {
		for _, keepSlots := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				_, at := newPeer(t, Config{Handler: handler, Slots: 1, KeepSlots: keepSlots})
				a, _ := newPeer(t, Config{})
				for range 3 {
					must(t, a.Send(newPeerMessage(at, "x")))
				}
			})
		}
	}
}

func TestPeerLateAnswerGoesToTheHandler(t *testing.T) {
	got, late := make(chan *PeerMessage, 1), make(chan *PeerMessage, 1)
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) { got <- l }})
	a, _ := newPeer(t, Config{Timeout: minTimeout, Handler: func(l *PeerMessage) { late <- l }})
	r := a.Request(newPeerMessage(at, "x"))
	if again := a.Request(&PeerMessage{Address: at, Message: Message{Identity: r.sent.message.Identity}}); again.SendResult(t.Context()) == nil {
		t.Error("two requests with one identity")
	}
	l := <-got
	if _, err := r.Wait(t.Context()); !isTimeout(err) {
		t.Errorf("got %v", err)
	}
	must(t, b.Send(l))
	if in := <-late; in.Identity != l.Identity {
		t.Error("not the answer")
	}
}

// Out of slots, the receiver reads no further, and what it has not read is held
// back without harm.
func TestPeerStopsReadingWhenSlotsAreOut(t *testing.T) {
	const slots, messages = 3, 50
	got := make(chan *PeerMessage, messages)
	b, at := newPeer(t, Config{Slots: slots, KeepSlots: true, Async: true, Handler: func(l *PeerMessage) { got <- l }})
	a, _ := newPeer(t, Config{Async: true})
	for range messages {
		must(t, a.Send(newPeerMessage(at, "x")))
	}
	held := []*PeerMessage{}
	for range messages {
		held = append(held, <-got)
		if taken := b.taken(); taken > slots {
			t.Fatalf("%d slots are taken", taken)
		}
		if len(held) == slots {
			if len(got) > 0 {
				t.Fatal("handled without a slot")
			}
			held[0].Release()
			held = held[1:]
		}
	}
	for _, l := range held {
		l.Release()
	}
}

func (p *Peer) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.slots)
}

func TestPeerBoundsItsHandlers(t *testing.T) {
	const handlers, messages = 2, 10
	var running atomic.Int32
	started, pass := make(chan int32, messages), make(chan bool)
	_, at := newPeer(t, Config{Handlers: handlers, Async: true, Handler: func(*PeerMessage) {
		started <- running.Add(1)
		<-pass
		running.Add(-1)
	}})
	a, _ := newPeer(t, Config{Async: true})
	for range messages {
		must(t, a.Send(newPeerMessage(at, "x")))
	}
	for i := range messages {
		if n := <-started; n > handlers {
			t.Errorf("%d handlers at once", n)
		}
		if i >= handlers-1 { // as many run as may
			pass <- true
		}
	}
	pass <- true
}

func TestPeerRefusesMessagesThatCannotBeSent(t *testing.T) {
	a, at := newPeer(t, Config{MaxMessage: 10})
	var size *SizeError
	if err := a.Request(newPeerMessage(at, "eleven bytes")).SendResult(t.Context()); !errors.As(err, &size) {
		t.Errorf("too large: %v", err)
	}
	if err := a.Send(newPeerMessage(netip.AddrPort{}, "x")).Wait(t.Context()); err == nil {
		t.Error("sent to nowhere")
	}
	if err := a.Send(newPeerMessage(netip.MustParseAddrPort("192.0.2.1:1"), "x")).Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "Config.PEM") {
		t.Errorf("sent in plain over the network: %v", err)
	}
	if _, err := a.Listen("0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "Config.PEM") {
		t.Errorf("listens in plain to everybody: %v", err)
	}
	_, gone := newPeer(t, Config{})
	b, _ := newPeer(t, Config{})
	b.Shutdown(true)
	if err := b.Send(newPeerMessage(gone, "x")).Wait(t.Context()); !errors.Is(err, ErrShutdown) {
		t.Errorf("sent after shutdown: %v", err)
	}
	if _, err := b.Listen("127.0.0.1:0"); !errors.Is(err, ErrShutdown) {
		t.Errorf("listens after shutdown: %v", err)
	}
}

func TestAFailedConnectFailsEveryQueuedMessage(t *testing.T) {
	p, at := newPeer(t, Config{})
	p.Shutdown(false)
	a, _ := newPeer(t, Config{})
	for range 3 {
		if err := a.Send(newPeerMessage(at, "x")).Wait(t.Context()); err == nil || !strings.Contains(err.Error(), at.String()) {
			t.Errorf("got %v", err)
		}
	}
}

func TestPeerTalksToItself(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	a, at := newPeer(t, Config{Handler: func(l *PeerMessage) { got <- l }})
	must(t, a.Send(newPeerMessage(at, "x")))
	if l := <-got; l.RemoteIdentity != a.Identity() {
		t.Error(l.RemoteIdentity)
	}
}
