package supervise

import (
	"slices"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// applyGroupStrategy does what a [group:] says when a worker has died, with the meaning
// that the names have in Erlang/OTP: a death that is not followed by a restart
// (EXITED) concerns nobody else; one that is restarts the others; one after
// which the law gives up stops them.
func (l *loop) applyGroupStrategy(w *worker) {
	g := w.pool.group
	if g == nil || g.Strategy == plan.OneForOne || g.Strategy == "" || w.rec.LastExit.Class == lifecycle.ExitRequested || l.stopping {
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

// firstConcerned is the index of the first program that goes along.
func firstConcerned(g *plan.Group, name string) int {
	if g.Strategy == plan.RestForOne {
		return slices.Index(g.Programs, name) + 1
	}
	return 0
}

// queueForPool restarts or stops all workers of a pool but the one that died. The
// incarnation makes it a message to exactly the process that lives now: two
// deaths at once must not restart a successor.
func (l *loop) queueForPool(p *pool, died *worker, kind lifecycle.EventKind, why string) {
	for _, s := range p.workers {
		if s != died && s.isConcerned(kind) {
			l.queueEvent(s, lifecycle.Event{Kind: kind, Incarnation: s.rec.Incarnation, Reason: why})
		}
	}
}

// isConcerned reports whether a worker is concerned: by a restart if it lives and
// is not on its way down, by a stop also if it is about to start.
func (w *worker) isConcerned(kind lifecycle.EventKind) bool {
	p := w.rec.Phase
	if kind == lifecycle.RestartRequested {
		return p.HasProcess() && p <= lifecycle.PhaseUnready
	}
	return !p.AtRest()
}
