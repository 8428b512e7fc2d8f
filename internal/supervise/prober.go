package supervise

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// How often and how many at a time a worker's readiness is looked at.
const (
	firstProbe = 250 * time.Microsecond
	lastProbe  = 100 * time.Millisecond
	hintAfter  = 200 * time.Millisecond // most have started by then, and a reason would only confuse
	probeRoom  = 64                     // requests at a time
	probeTime  = 2 * time.Second
)

// target is one worker that is looked at: while it starts, or, with life, for
// as long as it is up.
type target struct {
	guid        string
	incarnation int
	pid         int
	kind        string // "webhook", "ding", "http", "tcp" or "exec"
	host        string // as its port was taken
	port        int
	addr        string // host:port to connect to
	path        string // of "http"
	channel     int
	token       string
	given       bool // it inherited the socket: nobody else can have it

	life    bool          // `probe`: it is up, and is looked at every span
	span    time.Duration // of life
	timeout time.Duration // of one request
	ill     bool          // the last look of a life was not satisfied

	owned bool      // its listening socket was found among its descriptors
	busy  bool      // a request is under way
	began time.Time // when it was looked at first
	pause time.Duration
	next  time.Time
	hint  string // the last one that was told
}

// probe begins to look at a worker that has just appeared. Readiness by line
// or by notify comes by itself.
func (l *loop) probe(w *worker) {
	spec := w.rec.Spec
	switch spec.Ready.Kind {
	case "webhook", "http", "tcp":
	default:
		return
	}
	if w.port == nil {
		return
	}
	t := w.target()
	t.kind, t.path, t.timeout = probeKind(spec), spec.Ready.Path, probeTime
	l.prober.watch(t)
}

// target is what every kind of look needs to know.
func (w *worker) target() target {
	t := target{guid: w.guid, incarnation: w.rec.Incarnation, pid: w.rec.PID, channel: w.rec.Spec.Channel, token: w.token}
	if w.port != nil {
		t.host, t.port, t.addr, t.given = w.port.Addr, w.port.Port, address(w.port), w.port.Mode == port.Inherit
	}
	return t
}

func probeKind(spec *plan.Spec) string {
	if spec.Ready.Kind == "webhook" && spec.Protocol == "ding" {
		return "ding"
	}
	return spec.Ready.Kind
}

// prober looks at workers in rounds: one goroutine, one reading
// of the kernel's table for all of a round, and requests that end within
// probeTime. What it finds goes out through tell.
type prober struct {
	tell    func(lifecycle.Event)
	exec    func(guid string, incarnation int) // runs the command of a life; its outcome comes by answered
	box     *mailbox[func(*prober)]
	answers chan answer
	targets map[string]*target
	flying  int
}

type answer struct {
	guid        string
	incarnation int
	err         error
}

func newProber(tell func(lifecycle.Event), exec func(guid string, incarnation int)) *prober {
	return &prober{
		tell: tell, exec: exec, box: newMailbox[func(*prober)](), answers: make(chan answer, probeRoom),
		targets: map[string]*target{},
	}
}

// watch looks at t until forget, or until it is ready. The lives of many
// workers begin at one instant, and are looked at all over their span.
func (p *prober) watch(t target) {
	t.began = time.Now()
	t.pause, t.next = firstProbe, t.began.Add(firstProbe)
	if t.life {
		t.next = time.Now().Add(time.Duration((0.5 + rand.Float64()/2) * float64(t.span)))
	}
	p.box.put(func(p *prober) { p.targets[t.guid] = &t })
}

func (p *prober) forget(guid string) {
	p.box.put(func(p *prober) { delete(p.targets, guid) })
}

// start runs the prober until ctx ends; the channel closes when it and all its
// requests have ended.
func (p *prober) start(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.run(ctx)
		p.box.close()
		for ; p.flying > 0; p.flying-- {
			<-p.answers
		}
	}()
	return ended
}

func (p *prober) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next, any := p.due(); any {
			timer.Reset(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-p.box.wake:
			for _, f := range p.box.take() {
				f(p)
			}
		case a := <-p.answers:
			p.flying--
			p.take(a)
		case <-timer.C:
			p.round(ctx, time.Now())
		}
	}
}

// due is when the next round begins. A round takes everybody whose time comes
// within the same moment.
func (p *prober) due() (next time.Time, any bool) {
	if p.flying == probeRoom {
		return next, false
	}
	for _, t := range p.targets {
		if !t.busy && (!any || t.next.Before(next)) {
			next, any = t.next, true
		}
	}
	return next.Add(firstProbe / 2), any
}

func (p *prober) round(ctx context.Context, now time.Time) {
	var table *port.ListenerTable
	var unknown error
	for _, t := range p.targets {
		if t.busy || t.next.After(now) {
			continue
		}
		t.later(now)
		if !t.given && !t.owned && table == nil && unknown == nil {
			table, unknown = port.ReadListeners()
		}
		if p.ours(t, table, unknown) {
			p.proceed(ctx, t)
		}
	}
}

// later plans the next look, less and less often.
func (t *target) later(now time.Time) {
	if t.life {
		t.next = now.Add(t.span)
		return
	}
	t.next = now.Add(t.pause)
	t.pause = min(t.pause*5/4, lastProbe) // who is slow waits a quarter longer at most
}

// ours reports whether the worker itself, or a descendant, listens on the
// port. Where the system cannot tell, a webhook worker still proves itself;
// the others are believed, since there is no other way.
func (p *prober) ours(t *target, table *port.ListenerTable, unknown error) bool {
	if t.given || t.owned || t.kind == "exec" {
		return true
	}
	if unknown != nil {
		return errors.Is(unknown, port.ErrUnknown) && t.kind != "tcp" && t.kind != "ding" || inUse(t.addr)
	}
	own, err := table.FindOwner(t.host, t.port, t.pid)
	switch {
	case err != nil:
		p.lacks(t, fmt.Sprintf("whose port %d is cannot be seen: %v", t.port, err))
	case !own.Listening:
		p.lacks(t, fmt.Sprintf("nothing listens on %s yet", t.addr))
	case !own.Ours:
		p.lacks(t, stranger(t.addr, own))
	}
	t.owned = err == nil && own.Listening && own.Ours
	return t.owned
}

func stranger(addr string, own port.Ownership) string {
	who := "another process"
	if own.PID != 0 {
		who = fmt.Sprintf("pid %d (%s)", own.PID, own.Command)
	}
	return fmt.Sprintf("%s listens on %s, and it is not this worker", who, addr)
}

// proceed does what comes after the port is known to be the worker's.
func (p *prober) proceed(ctx context.Context, t *target) {
	switch t.kind {
	case "exec":
		t.busy = true
		p.exec(t.guid, t.incarnation)
	case "tcp":
		if t.life {
			p.fly(ctx, t)
			return
		}
		p.done(t, lifecycle.ReadinessProven, "listens on "+t.addr)
	case "ding":
		p.done(t, lifecycle.PortOwned, "")
	default:
		p.fly(ctx, t)
	}
}

// fly sends a request, when there is room for one more.
func (p *prober) fly(ctx context.Context, t *target) {
	if p.flying == probeRoom {
		return
	}
	t.busy = true
	p.flying++
	snapshot := *t
	go func() { // ends within its timeout; answers has room for every request
		p.answers <- answer{snapshot.guid, snapshot.incarnation, snapshot.request(ctx)}
	}()
}

// answered is the outcome of exec.
func (p *prober) answered(guid string, incarnation int, err error) {
	p.box.put(func(p *prober) { p.take(answer{guid, incarnation, err}) })
}
