package keeper

import (
	"testing"
)

// Acknowledged output waits in its pipe, and no line of it is lost. Other workers,
// and the end of the worker itself, do not wait.
func TestAcknowledgedOutput(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	const pages = 50 // of 600 lines of 100 bytes: 3 MB
	lines, last := 0, Event{}
	readMore := func(e Event) bool {
		if e.GUID == "flood" && e.Kind == KindOutput {
			lines, last = lines+len(e.Lines), e
		}
		return e.Dropped > 0
	}
	if err := h.WatchOutput("flood", true, "stdout"); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(orderAct("flood", "flood", "50")); err != nil {
		t.Fatal(err)
	}
	h.awaitEvent("output", func(e Event) bool { readMore(e); return last.Sent > flowRoom })
	h.spawnWorker(orderAct("other", "print", "word"))
	h.awaitEvent("the end of the other worker", func(e Event) bool { readMore(e); return e.GUID == "other" && e.Kind == KindExited })
	if err := h.Sync(); err != nil {
		t.Fatal(err)
	}
	h.awaitEvent("synced", func(e Event) bool { readMore(e); return e.Kind == KindSynced })
	if last.Sent > flowRoom+uint64(2*64<<10) {
		t.Errorf("%d bytes were sent without an acknowledgement, of %d", last.Sent, flowRoom)
	}
	for exited := false; !exited; {
		if err := h.AcknowledgeOutput("flood", "stdout", last.Sent); err != nil {
			t.Fatal(err)
		}
		h.awaitEvent("more", func(e Event) bool {
			exited = exited || e.GUID == "flood" && e.Kind == KindExited
			if readMore(e) {
				t.Errorf("%d lines were dropped", e.Dropped)
			}
			return exited || e.Kind == KindOutput
		})
	}
	if lines != pages*600 {
		t.Errorf("%d lines came, want %d", lines, pages*600)
	}
}

// A worker whose output waits can be ended, and a worker whose initiator forgets
// it goes on.
func TestOutputThatWaitsDelaysNoEnd(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	for guid, release := range map[string]func() error{
		"ended":     func() error { return h.End(EndOrder{GUID: "ended", Incarnation: 1, Wait: deadline}) },
		"forgotten": func() error { return h.WatchOutput("forgotten", false) },
	} {
		if err := h.WatchOutput(guid, true, "stdout"); err != nil {
			t.Fatal(err)
		}
		if err := h.Spawn(orderAct(guid, "flood", "20")); err != nil {
			t.Fatal(err)
		}
		h.awaitEvent("output", func(e Event) bool { return e.GUID == guid && e.Sent > flowRoom })
		if err := release(); err != nil {
			t.Fatal(err)
		}
		if e := h.awaitKind(guid, KindExited); e.Code != 0 {
			t.Errorf("%s: exit code %d, signal %d", guid, e.Code, e.Signal)
		}
	}
}

// A number of an earlier connection acknowledges no more than was sent.
func TestFlowCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		flow        flow
		acknowledge uint64
		full        bool
	}{
		{"nothing sent", flow{}, 0, false},
		{"room is left", flow{sent: flowRoom}, 0, false},
		{"too much is not acknowledged", flow{sent: flowRoom + 1}, 0, true},
		{"acknowledged", flow{sent: 5 * flowRoom}, 4 * flowRoom, false},
		{"an older number", flow{sent: 5 * flowRoom, taken: 4 * flowRoom}, flowRoom, false},
		{"a number of an earlier connection", flow{sent: 1}, 9 * flowRoom, false},
		{"held", flow{held: true}, 0, true},
	} {
		c.flow.acknowledge(c.acknowledge)
		if got := c.flow.isFull(); got != c.full || c.flow.taken > c.flow.sent {
			t.Errorf("%s: full %v, %d of %d", c.name, got, c.flow.taken, c.flow.sent)
		}
	}
	var a acknowledgedOutput
	k := flowKey{"w", "stdout"}
	for i, c := range []struct {
		sent uint64
		want bool
	}{{1, false}, {flowStep, true}, {flowStep + 1, false}, {9 * flowStep, true}, {5, true}, {6, false}} {
		if got := a.advance(k, c.sent); got != c.want {
			t.Errorf("row %d: %v", i, got)
		}
	}
}
