package supervise

import (
	"slices"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// applyGroupStrategy carries out the strategy of a [group:] after the death of
// a worker. The strategies mean the same as in Erlang/OTP: a death without a
// restart (EXITED) has no effect on the group, a death with a restart restarts
// its programs, and a death after which the restart policy gives up stops them.
func (l *loop) applyGroupStrategy(w *worker) {
	g := w.pool.group
	if g == nil || g.Strategy == plan.OneForOne || g.Strategy == "" || w.rec.LastExit.Class == report.ExitRequested || l.stopping {
		return
	}
	kind, why := lifecycle.RestartRequested, "its group "+g.Name+" restarts with "+w.pool.spec.Name+" ("+string(g.Strategy)+")"
	switch w.rec.Phase {
	case lifecycle.PhaseFatal:
		kind, why = lifecycle.StopRequested, "its group "+g.Name+" stops: "+w.pool.spec.Name+" is FATAL ("+string(g.Strategy)+")"
	case lifecycle.PhaseExited, lifecycle.PhaseStopped:
		return
	}
	for _, name := range g.Programs[firstConcerned(g, w.pool.spec.Name):] {
		if p := l.pools[name]; p != nil {
			l.queueForPool(p, w, kind, why)
		}
	}
}

// firstConcerned returns the index of the first program to which the strategy
// applies.
func firstConcerned(g *plan.Group, name string) int {
	if g.Strategy == plan.RestForOne {
		return slices.Index(g.Programs, name) + 1
	}
	return 0
}

// queueForPool restarts or stops all workers of a pool, except the dead
// worker. The event names the incarnation, because two deaths at the same time
// must not restart a successor.
func (l *loop) queueForPool(p *pool, died *worker, kind lifecycle.EventKind, why string) {
	for _, s := range p.workers {
		if s != died && s.isConcerned(kind) {
			l.queueEvent(s, lifecycle.Event{Kind: kind, Incarnation: s.rec.Incarnation, Reason: why})
		}
	}
}

// isConcerned reports whether the strategy applies to a worker: a restart if it
// runs and does not stop already, a stop also if it is about to start.
func (w *worker) isConcerned(kind lifecycle.EventKind) bool {
	p := w.rec.Phase
	if kind == lifecycle.RestartRequested {
		return p.HasProcess() && p <= lifecycle.PhaseUnready
	}
	return !p.AtRest()
}
