package chirp

import (
	"errors"
	"os"
	"sync"
	"testing"
)

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func TestShutdownLetsHandlersFinish(t *testing.T) {
	started, pass := make(chan bool), make(chan bool)
	var b *Peer
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) {
		close(started)
		<-pass
		must(t, b.Send(l))
	}})
	a, _ := newPeer(t, Config{})
	r := a.Request(newPeerMessage(at, "x"))
	<-started
	end := make(chan error)
	go func() { end <- b.Shutdown(true) }()
	close(pass)
	if _, err := r.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-end; err != nil {
		t.Error(err)
	}
	if err := b.Shutdown(true); err != nil {
		t.Errorf("shut down again: %v", err)
	}
	if err := b.Submit(func() {}); !errors.Is(err, ErrShutdown) {
		t.Error(err)
	}
}

func TestShutdownAtOnceFailsOpenMessages(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	_, at := newPeer(t, Config{KeepSlots: true, Handler: func(l *PeerMessage) { got <- l }})
	a, _ := newPeer(t, Config{})
	written, queued, asked := a.Send(newPeerMessage(at, "1")), a.Send(newPeerMessage(at, "2")), a.Request(newPeerMessage(at, "3"))
	<-got
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := a.Shutdown(false); err != nil {
				t.Error(err)
			}
		})
	}
	for _, f := range []*Future{written, queued} {
		if err := f.Wait(t.Context()); !errors.Is(err, ErrShutdown) {
			t.Error(err)
		}
	}
	if _, err := asked.Wait(t.Context()); !errors.Is(err, ErrShutdown) {
		t.Error(err)
	}
	wg.Wait()
}

func TestShutdownReleasesUnreleasedMessages(t *testing.T) {
	got := make(chan *PeerMessage, 1)
	b, at := newPeer(t, Config{KeepSlots: true, Timeout: minTimeout, Handler: func(l *PeerMessage) { got <- l }})
	a, _ := newPeer(t, Config{})
	f := a.Send(newPeerMessage(at, "x"))
	l := <-got
	if err := b.Shutdown(true); !errors.Is(err, ErrUnreleased) {
		t.Error(err)
	}
	if l.HasSlot() {
		t.Error("the slot is still taken")
	}
	if err := f.Wait(t.Context()); err == nil {
		t.Error("an unreleased message was acknowledged")
	}
}

// A Shutdown without wait makes a waiting Shutdown continue at once.
func TestAWaitingShutdownCanBeHurried(t *testing.T) {
	started, pass := make(chan bool), make(chan bool)
	b, at := newPeer(t, Config{Handler: func(l *PeerMessage) { close(started); <-pass }})
	a, _ := newPeer(t, Config{})
	f := a.Send(newPeerMessage(at, "x"))
	<-started
	end := make(chan error)
	go func() { end <- b.Shutdown(true) }()
	if err := errors.Join(b.Shutdown(false), <-end); err != nil {
		t.Error(err)
	}
	close(pass)
	if err := f.Wait(t.Context()); err == nil {
		t.Error("success without release")
	}
}

func TestMapKeepsTheOrder(t *testing.T) {
	a, _ := newPeer(t, Config{Handlers: 3})
	items := make([]int, 100)
	for i := range items {
		items[i] = i
	}
	got, err := Map(a, func(i int) int { return i * i }, items)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range got {
		if n != i*i {
			t.Fatalf("result %d is %d", i, n)
		}
	}
	func() {
		defer func() {
			if recover() != "map" {
				t.Error("the panic is lost")
			}
		}()
		Map(a, func(int) int { panic("map") }, items)
	}()
	a.Shutdown(true)
	if _, err := Map(a, func(i int) int { return i }, items); !errors.Is(err, ErrShutdown) {
		t.Error(err)
	}
}
