package call

import (
	"context"
	"net/http"
	"time"
)

// The times between two probes of an address that has left the rotation. The
// first probe is sent at once, because the worker may only have been slow. The
// wait doubles after each probe.
const (
	firstProbeWait   = 50 * time.Millisecond
	longestProbeWait = 2 * time.Second
	probeTimeout     = 2 * time.Second
)

// suspendEndpoint takes an endpoint out of the rotation until it answers a
// probe.
func (p *Pool) suspendEndpoint(e *endpoint) {
	p.mu.Lock()
	if !e.live || p.closed {
		p.mu.Unlock()
		return
	}
	e.live = false
	p.background.Go(func() { p.probeEndpoint(e) })
	p.mu.Unlock()
	p.notify(e.address, false)
}

// probeEndpoint sends probes until the endpoint answers or is removed, or until
// the pool is closed.
func (p *Pool) probeEndpoint(e *endpoint) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for next := firstProbeWait; ; next = min(2*next, longestProbeWait) {
		select {
		case <-wait.C:
		case <-e.removed:
			return
		case <-p.life.Done():
			return
		}
		if p.answersPing(e) {
			p.mu.Lock()
			e.live = true
			p.mu.Unlock()
			p.notify(e.address, true)
			return
		}
		wait.Reset(next)
	}
}

// answersPing sends a request that every worker answers at once and without a
// slot. A refusal counts as an answer: it shows that a server listens there.
func (p *Pool) answersPing(e *endpoint) bool {
	ctx, cancel := context.WithTimeout(p.life, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.address+"/ping", nil)
	if err != nil {
		return false
	}
	res, err := p.http.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return true
}
