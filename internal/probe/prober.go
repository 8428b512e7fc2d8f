package probe

import (
	"context"
	"math/rand/v2"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/mailbox"
	"initiator/internal/port"
)

const (
	shortestPause = 250 * time.Microsecond // before the first readiness probe
	longestPause  = 100 * time.Millisecond // between two readiness probes
	maxRequests   = 64                     // at a time
)

// Prober probes workers in rounds. One goroutine owns the targets: it reads the
// kernel's table of listening sockets once a round, and starts requests that end
// within their timeout.
type Prober struct {
	report    func(lifecycle.Event)
	startExec func(guid string, incarnation int)
	box       *mailbox.Mailbox[func(*Prober)]
	outcomes  chan outcome
	targets   map[string]*watched // by GUID
	requests  int                 // under way
}

// outcome is the result of one request or command; err nil = success.
type outcome struct {
	guid        string
	incarnation int
	err         error
}

// New returns a prober, which works after Start. The prober calls both functions
// from its goroutine, and they must not block: report receives what the prober
// finds, and startExec starts the command of a target of kind "exec", whose
// outcome the caller passes to ExecEnded.
func New(report func(lifecycle.Event), startExec func(guid string, incarnation int)) *Prober {
	return &Prober{
		report: report, startExec: startExec, box: mailbox.New[func(*Prober)](),
		outcomes: make(chan outcome, maxRequests), targets: map[string]*watched{},
	}
}

// Watch probes a target until it is ready, or, for a liveness target, until
// Forget. It replaces an earlier target of the same GUID. The first liveness
// probes of many workers are spread over their interval.
func (p *Prober) Watch(t Target) {
	now := time.Now()
	w := &watched{Target: t, began: now, pause: shortestPause, next: now.Add(shortestPause)}
	switch {
	case t.onlyHints():
		w.next = now.Add(hintDelay)
	case t.Liveness:
		w.next = now.Add(time.Duration((0.5 + rand.Float64()/2) * float64(t.Interval)))
	}
	p.box.Put(func(p *Prober) { p.targets[t.GUID] = w })
}

// Forget stops probing a worker.
func (p *Prober) Forget(guid string) {
	p.box.Put(func(p *Prober) { delete(p.targets, guid) })
}

// ExecEnded reports the outcome of a command that startExec has started; nil =
// success.
func (p *Prober) ExecEnded(guid string, incarnation int, err error) {
	p.box.Put(func(p *Prober) { p.handleOutcome(outcome{guid, incarnation, err}) })
}

// Start runs the prober until ctx ends. The channel is closed when the prober
// and all its requests have ended.
func (p *Prober) Start(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.runRounds(ctx)
		p.box.Close()
		for ; p.requests > 0; p.requests-- {
			<-p.outcomes
		}
	}()
	return ended
}

func (p *Prober) runRounds(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next, any := p.nextRound(); any {
			timer.Reset(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-p.box.Wakeup():
			for _, f := range p.box.Take(nil) {
				f(p)
			}
		case o := <-p.outcomes:
			p.requests--
			p.handleOutcome(o)
		case <-timer.C:
			p.probeDue(ctx, time.Now())
		}
	}
}

// nextRound returns when the next round begins. A round takes every target whose
// time comes within the same moment. There is no round while maxRequests are
// under way.
func (p *Prober) nextRound() (next time.Time, any bool) {
	if p.requests == maxRequests {
		return next, false
	}
	for _, t := range p.targets {
		if !t.busy && (!any || t.next.Before(next)) {
			next, any = t.next, true
		}
	}
	return next.Add(shortestPause / 2), any
}

// probeDue is one round.
func (p *Prober) probeDue(ctx context.Context, now time.Time) {
	var listeners *port.ListenerTable
	var listErr error
	for _, t := range p.targets {
		if t.busy || t.next.After(now) {
			continue
		}
		t.scheduleNext(now)
		if t.onlyHints() {
			p.reportHint(t, t.Lacks)
			continue
		}
		if !t.Inherited && !t.owned && listeners == nil && listErr == nil {
			listeners, listErr = port.ReadListeners()
		}
		if p.checkPort(t, listeners, listErr) {
			p.probe(ctx, t)
		}
	}
}

// probe does what follows when the port is known to be the worker's.
func (p *Prober) probe(ctx context.Context, t *watched) {
	switch t.Kind {
	case "exec":
		t.busy = true
		p.startExec(t.GUID, t.Incarnation)
	case "tcp":
		if t.Liveness {
			p.startRequest(ctx, t)
			return
		}
		p.finish(t, lifecycle.ReadinessProven, "listens on "+t.Addr)
	case "ding":
		p.finish(t, lifecycle.PortOwned, "")
	default:
		p.startRequest(ctx, t)
	}
}

// startRequest sends a request, unless maxRequests are under way: the target's
// next turn comes in a later round.
func (p *Prober) startRequest(ctx context.Context, t *watched) {
	if p.requests == maxRequests {
		return
	}
	t.busy = true
	p.requests++
	target := t.Target
	go func() { // ends within its timeout; outcomes has room for every request
		p.outcomes <- outcome{target.GUID, target.Incarnation, CheckOnce(ctx, target)}
	}()
}
