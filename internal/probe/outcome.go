package probe

import (
	"errors"
	"strings"

	"initiator/internal/lifecycle"
)

// handleOutcome handles the end of a request or command. An outcome for an
// earlier incarnation is ignored.
func (p *Prober) handleOutcome(o outcome) {
	t := p.targets[o.guid]
	if t == nil || t.Incarnation != o.incarnation {
		return
	}
	t.busy = false
	if t.Liveness {
		p.reportLiveness(t, o.err)
		return
	}
	if o.err == nil {
		p.finish(t, lifecycle.ReadinessProven, t.Kind)
		return
	}
	t.owned = t.owned && t.Kind == "webhook" // the next "http" probe checks the owner of the port again
	p.reportHint(t, o.err.Error())
}

// finish ends the readiness probes of a target and reports the result.
func (p *Prober) finish(t *watched, kind lifecycle.EventKind, how string) {
	delete(p.targets, t.GUID)
	p.reportEvent(t, kind, how)
}

// portMissing handles a probe that ended before the request.
func (p *Prober) portMissing(t *watched, why string) {
	if t.Liveness {
		p.reportLiveness(t, errors.New(strings.TrimSuffix(why, " yet")+t.findOtherPorts()))
		return
	}
	p.reportHint(t, why)
}

// reportLiveness reports a failure, and the first success after a failure. The
// next probe checks the owner of the port again.
func (p *Prober) reportLiveness(t *watched, err error) {
	t.owned = false
	switch {
	case err != nil:
		p.reportEvent(t, lifecycle.ProbeFailed, err.Error())
	case t.Failing:
		p.reportEvent(t, lifecycle.ProbePassed, "")
	}
	t.Failing = err != nil
}

func (p *Prober) reportEvent(t *watched, kind lifecycle.EventKind, reason string) {
	p.report(lifecycle.Event{Kind: kind, GUID: t.GUID, Incarnation: t.Incarnation, Reason: reason})
}
