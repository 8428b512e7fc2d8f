package supervise

import (
	"errors"
	"initiator/internal/lifecycle"
	"strings"
	"time"
)

// take handles the outcome of a look.
func (p *prober) take(a answer) {
	t := p.targets[a.guid]
	if t == nil || t.incarnation != a.incarnation {
		return
	}
	t.busy = false
	if t.life {
		p.judge(t, a.err)
		return
	}
	if a.err == nil {
		p.done(t, lifecycle.ReadinessProven, t.kind)
		return
	}
	t.owned = t.owned && t.kind == "webhook" // an http answer is worth no more than the look before it
	p.hint(t, a.err.Error())
}

func (p *prober) done(t *target, k lifecycle.EventKind, how string) {
	delete(p.targets, t.guid)
	p.tell(lifecycle.Event{Kind: k, GUID: t.guid, Incarnation: t.incarnation, Reason: how})
}

// lacks is a look that ended before the request.
func (p *prober) lacks(t *target, why string) {
	if t.life {
		p.judge(t, errors.New(strings.TrimSuffix(why, " yet")))
		return
	}
	p.hint(t, why)
}

// judge tells what a look at a life has found. Who owns the port is looked at
// anew the next time; that all is still well is not told.
func (p *prober) judge(t *target, err error) {
	t.owned = false
	switch {
	case err != nil:
		p.tell(lifecycle.Event{Kind: lifecycle.ProbeFailed, GUID: t.guid, Incarnation: t.incarnation, Reason: err.Error()})
	case t.ill:
		p.tell(lifecycle.Event{Kind: lifecycle.ProbePassed, GUID: t.guid, Incarnation: t.incarnation})
	}
	t.ill = err != nil
}

// hint tells why a worker is not ready, once for each reason. That nothing
// listens yet is told only when it has gone on for a while: most start well.
func (p *prober) hint(t *target, why string) {
	if t.hint == why || time.Since(t.began) < hintAfter {
		return
	}
	t.hint = why
	p.tell(lifecycle.Event{Kind: lifecycle.NotReadyYet, GUID: t.guid, Incarnation: t.incarnation, Reason: why})
}
