package keeper

import (
	"fmt"
	"strings"
	"testing"
)

// outputLines returns the lines of the KindOutput events of a worker.
func outputLines(events []Event, guid string) (all []string) {
	for _, e := range about(events, guid, KindOutput) {
		all = append(all, e.Lines...)
	}
	return all
}

// TestAwaitedLines: initiators may die after they were sent a line. The line is
// sent again until a snapshot covers it.
func TestAwaitedLines(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	if err := h.AwaitOutput("w"); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(kept("w", "exit-on-term", "0")); err != nil {
		t.Fatal(err)
	}
	told := h.awaitEvent("the line", func(e Event) bool { return e.Kind == KindOutput })
	for range 2 {
		h, _ = h.attachNext(path)
		if got := outputLines(h.readUntilSynced(), "w"); len(got) != 1 || got[0] != "armed" {
			t.Errorf("the next is told %q", got)
		}
	}
	if err := h.SaveSnapshot("w", []byte("it is armed"), told.Seq, true, deadline); err != nil {
		t.Fatal(err)
	}
	h, held := h.attachNext(path)
	if got := outputLines(h.readUntilSynced(), "w"); len(got) != 0 || string(held[0].Snapshot) != "it is armed" {
		t.Errorf("whoever comes after the memo is told %q", got)
	}
}

// TestNoLongerAwaited: lines are sent only to the initiator that is attached,
// as before.
func TestNoLongerAwaited(t *testing.T) {
	t.Parallel()
	h, path := newAttachableKeeper(t)
	if err := h.AwaitOutput("w"); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(kept("w", "exit-on-term", "0")); err != nil {
		t.Fatal(err)
	}
	h.awaitEvent("the line", func(e Event) bool { return e.Kind == KindOutput })
	if err := h.WatchOutput("w", true); err != nil {
		t.Fatal(err)
	}
	h, _ = h.attachNext(path)
	if got := outputLines(h.readUntilSynced(), "w"); len(got) != 0 {
		t.Errorf("the next is told %q", got)
	}
}

// TestAwaitedLinesAreBounded: when there are too many lines, the newest stay.
func TestAwaitedLinesAreBounded(t *testing.T) {
	t.Parallel()
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
