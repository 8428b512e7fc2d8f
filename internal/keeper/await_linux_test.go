package keeper

import (
	"fmt"
	"strings"
	"testing"
)

// lines are those of the Output events of a worker.
func lines(events []Event, guid string) (all []string) {
	for _, e := range about(events, guid, KindOutput) {
		all = append(all, e.Lines...)
	}
	return all
}

// TestAwaitedLines: who is told a line may die over it, and so may the next;
// the line is told again, until a memo has seen it.
func TestAwaitedLines(t *testing.T) {
	h, path := newMeeting(t)
	if err := h.AwaitOutput("w"); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(kept("w", "exit-on-term", "0")); err != nil {
		t.Fatal(err)
	}
	told := h.until("the line", func(e Event) bool { return e.Kind == KindOutput })
	for range 2 {
		h, _ = h.next(path)
		if got := lines(h.synced(), "w"); len(got) != 1 || got[0] != "armed" {
			t.Errorf("the next is told %q", got)
		}
	}
	if err := h.SaveSnapshot("w", []byte("it is armed"), told.Seq, true, deadline); err != nil {
		t.Fatal(err)
	}
	h, held := h.next(path)
	if got := lines(h.synced(), "w"); len(got) != 0 || string(held[0].Snapshot) != "it is armed" {
		t.Errorf("whoever comes after the memo is told %q", got)
	}
}

// TestNoLongerAwaited: lines are for whoever is there, as before.
func TestNoLongerAwaited(t *testing.T) {
	h, path := newMeeting(t)
	if err := h.AwaitOutput("w"); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(kept("w", "exit-on-term", "0")); err != nil {
		t.Fatal(err)
	}
	h.until("the line", func(e Event) bool { return e.Kind == KindOutput })
	if err := h.WatchOutput("w", true); err != nil {
		t.Fatal(err)
	}
	h, _ = h.next(path)
	if got := lines(h.synced(), "w"); len(got) != 0 {
		t.Errorf("the next is told %q", got)
	}
}

// TestAwaitedLinesAreBounded: of more than there is room for the newest stay.
func TestAwaitedLinesAreBounded(t *testing.T) {
	m := &snapshot{events: []Event{{Kind: KindSpawned, Seq: 1}}}
	for i := range 100 {
		m.addEvent(Event{Kind: KindOutput, Seq: uint64(i + 2), Lines: []string{strings.Repeat("x", windowOutputLimit/10)}})
	}
	if n := len(m.events); n != 11 || m.events[0].Kind != KindSpawned || m.events[10].Seq != 101 || m.outputBytes > windowOutputLimit {
		t.Errorf("%d events with %d bytes are kept, up to %s", n, m.outputBytes, fmt.Sprint(m.events[n-1].Seq))
	}
	m.addEvent(Event{Kind: KindOutput, Seq: 102, Lines: []string{strings.Repeat("x", 2*windowOutputLimit)}})
	if len(m.events) != 1 || m.outputBytes != 0 {
		t.Errorf("one that is larger than all room leaves %d events, %d bytes", len(m.events), m.outputBytes)
	}
}
