package worker

import (
	"context"
	"net/http"
	"time"
)

// How often a connection that has left the rotation is asked whether it is
// back: at once, because it may only have been slow, and then ever less often.
const (
	probeFirst   = 50 * time.Millisecond
	probeSlowest = 2 * time.Second
	probeTimeout = 2 * time.Second
)

// doubt takes a connection out of the rotation until it answers.
func (p *Pool) doubt(e *endpoint) {
	p.mu.Lock()
	if !e.live || p.closed {
		p.mu.Unlock()
		return
	}
	e.live = false
	p.work.Go(func() { p.probe(e) })
	p.mu.Unlock()
	p.notify(e.address, false)
}

// probe asks until the connection answers, is removed, or the pool is closed.
func (p *Pool) probe(e *endpoint) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for next := probeFirst; ; next = min(2*next, probeSlowest) {
		select {
		case <-wait.C:
		case <-e.gone:
			return
		case <-p.life.Done():
			return
		}
		if p.answers(e) {
			p.mu.Lock()
			e.live = true
			p.mu.Unlock()
			p.notify(e.address, true)
			return
		}
		wait.Reset(next)
	}
}

// answers asks something that every worker answers at once, without a slot. A
// refusal is an answer: what it shows is that somebody is there.
func (p *Pool) answers(e *endpoint) bool {
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
