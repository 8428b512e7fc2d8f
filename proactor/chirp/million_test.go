package chirp

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"initiator/internal/testlength"
)

// ledger counts how often each message was handled.
type ledger struct {
	peer *Peer
	seen []atomic.Int32
}

// newLedger is a peer that keeps a ledger of messages numbered from 0, and
// answers when asked to.
func newLedger(t *testing.T, c Config, messages int, answer bool) (*ledger, netip.AddrPort) {
	l := &ledger{seen: make([]atomic.Int32, messages)}
	c.Handler = func(in *PeerMessage) {
		l.seen[binary.BigEndian.Uint32(in.Data)].Add(1)
		if answer {
			l.peer.Send(in)
		}
	}
	var at netip.AddrPort
	l.peer, at = newPeer(t, c)
	return l, at
}

func numbered(to netip.AddrPort, n int) *PeerMessage {
	return &PeerMessage{Address: to, Message: Message{Data: binary.BigEndian.AppendUint32(nil, uint32(n))}}
}

// exchange sends messages 0 to n-1 from several goroutines, window of each on
// their way, and gives each outcome to settle.
func exchange(n, senders, window int, send func(i int) func() error, settle func(i int, err error)) {
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			type sent struct {
				i    int
				wait func() error
			}
			var under []sent
			for i := s; i < n; i += senders {
				if len(under) == window {
					settle(under[0].i, under[0].wait())
					under = under[1:]
				}
				under = append(under, sent{i, send(i)})
			}
			for _, u := range under {
				settle(u.i, u.wait())
			}
		})
	}
	wg.Wait()
}

// Many messages there and as many answers back: a million in all at full length.
func TestAMillionMessages(t *testing.T) {
	n := testlength.Count(100_000, 500_000)
	l, at := newLedger(t, Config{Async: true}, n, true)
	a, _ := newPeer(t, Config{Async: true})
	exchange(n, 4, 64, func(i int) func() error {
		r := a.Request(numbered(at, i))
		return func() error {
			answer, err := r.Wait(t.Context())
			if err == nil && binary.BigEndian.Uint32(answer.Data) != uint32(i) {
				t.Errorf("message %d has the answer %x", i, answer.Data)
			}
			return err
		}
	}, func(i int, err error) {
		if seen := l.seen[i].Load(); err != nil || seen != 1 {
			t.Errorf("message %d was handled %d times: %v", i, seen, err)
		}
	})
}

// The connections are cut all the time. A message whose future succeeds was
// handled once; one whose future fails, once or not at all.
func TestMessagesOverConnectionsThatAreCut(t *testing.T) {
	t.Parallel() // each lost answer costs a timeout
	for mode, async := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			n := testlength.Count(20_000, 100_000)
			l, at := newLedger(t, Config{Async: async}, n, async)
			life := int64(10_000) // bytes
			if async {
				life *= 10 // an answer that is lost costs a timeout
			}
			p, via := newProxy(t, at, life, 1)
			a, _ := newPeer(t, Config{Async: async, Timeout: minTimeout})
			good, bad := tally(t, a, l, via, n, async)
			t.Logf("%d messages arrived, %d failed, %d cuts", good, bad, p.cuts.Load())
			if p.cuts.Load() == 0 || good == 0 || bad == 0 {
				t.Errorf("the test tests nothing: %d arrived, %d failed, %d cuts", good, bad, p.cuts.Load())
			}
		})
	}
}

// tally sends n messages by via and holds the futures against the ledger. An
// asynchronous success says nothing of arrival, so there the answer counts.
func tally(t *testing.T, a *Peer, l *ledger, via netip.AddrPort, n int, ask bool) (good, bad int64) {
	var ok, failed atomic.Int64
	exchange(n, 4, 32, func(i int) func() error {
		if !ask {
			f := a.Send(numbered(via, i))
			return func() error { return f.Wait(t.Context()) }
		}
		r := a.Request(numbered(via, i))
		return func() error { _, err := r.Wait(t.Context()); return err }
	}, func(i int, err error) {
		seen := l.seen[i].Load()
		switch {
		case err == nil && seen == 1:
			ok.Add(1)
		case err != nil && seen <= 1:
			failed.Add(1)
		default:
			t.Errorf("message %d was handled %d times: %v", i, seen, err)
		}
	})
	l.peer.Shutdown(true)
	for i := range l.seen { // a copy may have come later than the outcome
		if seen := l.seen[i].Load(); seen > 1 {
			t.Errorf("message %d was handled %d times", i, seen)
		}
	}
	return ok.Load(), failed.Load()
}

// Two nodes that connect to each other at the same time have two connections
// for a while, may write to different ones, and lose nothing by it.
func TestPeersThatConnectToEachOtherAtOnce(t *testing.T) {
	const messages = 20
	for mode, async := range modes {
		t.Run(mode, func(t *testing.T) {
			for range testlength.Count(40, 200) {
				la, atA := newLedger(t, Config{Async: async}, messages, false)
				lb, atB := newLedger(t, Config{Async: async}, messages, false)
				var wg sync.WaitGroup
				for _, way := range []struct {
					from *Peer
					to   netip.AddrPort
				}{{la.peer, atB}, {lb.peer, atA}} {
					wg.Go(func() {
						exchange(messages, 2, 5, func(i int) func() error {
							f := way.from.Send(numbered(way.to, i))
							return func() error { return f.Wait(t.Context()) }
						}, func(i int, err error) {
							if err != nil {
								t.Error(err)
							}
						})
					})
				}
				wg.Wait()
				if !async {
					la.once(t)
					lb.once(t)
				}
				la.peer.Shutdown(false)
				lb.peer.Shutdown(false)
			}
		})
	}
}

// once says that every message was handled, and once.
func (l *ledger) once(t *testing.T) {
	for i := range l.seen {
		if seen := l.seen[i].Load(); seen != 1 {
			t.Errorf("message %d was handled %d times", i, seen)
		}
	}
}
