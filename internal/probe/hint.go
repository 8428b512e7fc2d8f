package probe

import (
	"net/netip"
	"strings"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/port"
)

const (
	// hintDelay is how long a start goes on before a reason is reported: most
	// workers are ready by then, and a reason would only confuse.
	hintDelay = 200 * time.Millisecond
	// longestSearch is the longest pause between two searches for the ports of a
	// worker that is not ready. The first pause is hintDelay, and each further
	// pause is twice as long.
	longestSearch = 5 * time.Second
	// maxNamedPorts is how many ports a hint names.
	maxNamedPorts = 3
)

// onlyHints reports whether the target becomes ready by what the worker sends.
// The prober sends no request then, and only says what the worker lacks.
func (t *Target) onlyHints() bool { return !t.Liveness && (t.Kind == "line" || t.Kind == "notify") }

// reportHint reports why a worker is not ready and on which other ports the
// worker listens, once for each reason, and not before hintDelay.
func (p *Prober) reportHint(t *watched, why string) {
	now := time.Now()
	if now.Sub(t.began) < hintDelay {
		return
	}
	if !now.Before(t.nextSearch) {
		t.otherPorts = t.findOtherPorts()
		t.searchPause = min(max(2*t.searchPause, hintDelay), longestSearch)
		t.nextSearch = now.Add(t.searchPause)
	}
	why += t.otherPorts
	if t.hint == why {
		return
	}
	t.hint = why
	p.reportEvent(t, lifecycle.NotReadyYet, why)
}

// findOtherPorts returns a clause that names the ports on which the worker
// listens in place of its own; "" when there are none.
func (t *Target) findOtherPorts() string {
	listeners, err := port.ReadListeners()
	if err != nil {
		return ""
	}
	return describePorts(listeners.ListHeld(t.PID), t.Port)
}

// describePorts makes the clause of findOtherPorts. own is the worker's own port;
// 0 = none.
func describePorts(held []netip.AddrPort, own int) string {
	var names []string
	for _, at := range held {
		if int(at.Port()) == own {
			continue
		}
		if len(names) == maxNamedPorts {
			names = append(names, "…")
			break
		}
		names = append(names, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()).String())
	}
	if names == nil {
		return ""
	}
	return lifecycle.ListensElsewhere + strings.Join(names, ", ")
}
