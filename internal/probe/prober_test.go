package probe

import (
	"context"
	"net"
	"testing"

	"initiator/internal/lifecycle"
)

// startProber runs a prober until the end of the test.
func startProber(t *testing.T) (p *Prober, events chan lifecycle.Event) {
	t.Helper()
	events = make(chan lifecycle.Event, 16)
	ctx, cancel := context.WithCancel(t.Context())
	p = New(func(e lifecycle.Event) { events <- e }, func(string, int) {})
	ended := p.Start(ctx)
	t.Cleanup(func() { cancel(); <-ended })
	return p, events
}

// targets counts the targets and the requests of a prober.
func targets(p *Prober) int {
	count := make(chan int)
	p.box.Put(func(p *Prober) { count <- len(p.targets) + p.requests })
	return <-count
}

func TestReadyTargetIsReportedOnceAndForgotten(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p, events := startProber(t)
	p.Watch(Target{GUID: "g", Incarnation: 2, Kind: "tcp", Addr: ln.Addr().String(), Inherited: true})
	if e := <-events; e.Kind != lifecycle.ReadinessProven || e.GUID != "g" || e.Incarnation != 2 {
		t.Errorf("%+v", e)
	}
	if n := targets(p); n != 0 {
		t.Errorf("%d targets are left of a ready worker", n)
	}
}

func TestForgetLeavesNoTarget(t *testing.T) {
	t.Parallel()
	p, _ := startProber(t)
	for _, guid := range []string{"a", "b"} {
		p.Watch(Target{GUID: guid, Kind: "tcp", Addr: "127.0.0.1:1", Inherited: true, Liveness: true, Interval: 1 << 40})
	}
	p.Forget("a")
	if n := targets(p); n != 1 {
		t.Errorf("%d targets, want 1", n)
	}
	p.Forget("b")
	if n := targets(p); n != 0 {
		t.Errorf("%d targets, want none", n)
	}
}
