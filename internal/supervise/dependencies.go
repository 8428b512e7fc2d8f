package supervise

import (
	"cmp"
	"slices"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// checkDependencies checks the dependencies of a worker, and queues the result
// for the table.
func (l *loop) checkDependencies(w *worker) {
	missing, unrecoverable := l.missingDependencies(w.pool)
	w.pool.missing, w.pool.unrecoverable = missing, unrecoverable
	if len(missing) == 0 {
		l.queueEvent(w, lifecycle.Event{Kind: lifecycle.DependenciesMet})
		return
	}
	l.queueEvent(w, lifecycle.Event{Kind: lifecycle.DependenciesMissing, Reason: "waits for " + strings.Join(missing, ", ")})
}

// missingDependencies returns the unmet items of `after`, in the words of the
// INI, and whether one of them cannot be met unless a person acts.
func (l *loop) missingDependencies(p *pool) (names []string, unrecoverable bool) {
	for _, d := range p.spec.After {
		if !l.pools[d.Name].meetsCondition(d.Condition) {
			why := l.unrecoverableReason(d)
			names = append(names, d.Name+": "+d.Condition+why)
			unrecoverable = unrecoverable || why != ""
		}
	}
	return names, unrecoverable
}

// addDependencies returns the workers of a start or restart and, before them, the
// workers at rest that they come after, where the condition of `after` is not
// met. `up NAME` starts the same workers. A start of a worker that runs already
// starts nothing.
func (l *loop) addDependencies(chosen []*worker, kind lifecycle.EventKind) []*worker {
	var added []*worker
	known, visited := map[*worker]bool{}, map[*pool]bool{}
	for _, w := range chosen {
		known[w] = true
	}
	var visit func(p *pool)
	visit = func(p *pool) {
		if visited[p] {
			return
		}
		visited[p] = true
		for _, d := range p.spec.After {
			needed := l.pools[d.Name]
			if needed == nil || needed.meetsCondition(d.Condition) {
				continue
			}
			visit(needed)
			for _, w := range needed.workers {
				if w.rec.Phase.AtRest() && !w.removing && !known[w] {
					known[w] = true
					added = append(added, w)
				}
			}
		}
	}
	for _, w := range chosen {
		if kind == lifecycle.RestartRequested || !w.rec.Phase.IsRunning() {
			visit(w.pool)
		}
	}
	return append(added, chosen...)
}

// meetsCondition reports whether all workers of the pool meet a condition of
// `after`. A pool without workers meets none: otherwise a typing error would
// start everything.
func (p *pool) meetsCondition(condition string) bool {
	if p == nil || len(p.workers) == 0 {
		return false
	}
	n := len(p.workers)
	switch condition {
	case "started":
		return p.byPhase[lifecycle.PhaseStarting]+p.byPhase[lifecycle.PhaseReady]+p.byPhase[lifecycle.PhaseUnready]+p.byPhase[lifecycle.PhaseExited] == n
	case "completed":
		return p.byPhase[lifecycle.PhaseExited] == n
	case "completed_successfully":
		return p.byPhase[lifecycle.PhaseExited] == n && p.cleanExits == n
	default: // ready; a one-shot worker that has done its work counts as well
		return p.byPhase[lifecycle.PhaseReady]+p.cleanExits == n && p.byPhase[lifecycle.PhaseReady] > 0 || p.cleanExits == n
	}
}

// unrecoverableReason returns why a condition cannot come true without a
// person, or why a command does not wait for it; "" = it can come true.
func (l *loop) unrecoverableReason(d plan.Dependency) string {
	p := l.pools[d.Name]
	switch {
	case p == nil:
		return " (there is no such worker)"
	case len(p.workers) == 0:
		return " (it has no workers: scale it)"
	case p.byPhase[lifecycle.PhaseFatal] > 0:
		return " (it is FATAL: `initiator why " + d.Name + "` says why)"
	case slices.ContainsFunc(p.workers, (*worker).keepsFailing):
		return " (it keeps failing: `initiator why " + d.Name + "` says why)"
	case p.byPhase[lifecycle.PhaseExited] == len(p.workers) && d.Condition != "completed":
		return " (it has EXITED: `initiator why " + d.Name + "` says why)"
	case p.byPhase[lifecycle.PhaseStopped] == len(p.workers):
		return " (it is STOPPED: start it)"
	case p.byPhase[lifecycle.PhaseWaiting] == len(p.workers) && p.unrecoverable:
		return " (it waits for " + strings.Join(p.missing, ", ") + ")"
	}
	return ""
}

// keepsFailing is Worker.KeepsFailing without the view of the worker.
func (w *worker) keepsFailing() bool {
	p := w.rec.Phase
	return w.rec.Deaths.InARow >= report.FailingAfter && (p == lifecycle.PhaseBackoff || p == lifecycle.PhaseWaiting || p == lifecycle.PhaseSpawning || p == lifecycle.PhaseStarting)
}

// recheckFollowers checks the workers that start after a worker that has
// changed.
func (l *loop) recheckFollowers(w *worker) { l.recheckPools(w.pool.followers) }

func (l *loop) recheckPools(pools []*pool) {
	for _, p := range pools {
		if p.byPhase[lifecycle.PhaseWaiting] == 0 {
			continue
		}
		was, before := strings.Join(p.missing, ", "), p.unrecoverable
		p.missing, p.unrecoverable = l.missingDependencies(p)
		if len(p.missing) > 0 && strings.Join(p.missing, ", ") == was {
			continue
		}
		if p.unrecoverable != before {
			l.recheckPools(p.followers)
		}
		for _, follower := range p.workers {
			if follower.rec.Phase == lifecycle.PhaseWaiting {
				l.checkDependencies(follower)
			}
		}
	}
}

// recheckWaiting checks all waiting workers, because a new plan may have
// removed a dependency.
func (l *loop) recheckWaiting() {
	for _, w := range l.order {
		if w.rec.Phase == lifecycle.PhaseWaiting {
			l.checkDependencies(w)
		}
	}
}

// startTiers orders definitions by `after` and, where that leaves a choice, by
// priority. The definitions of one tier have one priority and do not depend on
// each other. A start goes through the tiers forwards, a stop backwards.
func startTiers(specs []*plan.Spec) [][]string {
	left := make(map[string]*plan.Spec, len(specs))
	for _, s := range specs {
		left[s.Name] = s
	}
	var out [][]string
	for len(left) > 0 {
		tier := nextTier(specs, left)
		for _, name := range tier {
			delete(left, name)
		}
		out = append(out, tier)
	}
	return out
}

// nextTier takes the definitions that depend on nothing in left, and of these
// the lowest priority. In a cycle, which the plan refuses, everything is one
// tier.
func nextTier(specs []*plan.Spec, left map[string]*plan.Spec) (tier []string) {
	var lowest *plan.Spec
	for _, s := range specs {
		if left[s.Name] == nil || comesAfter(s, left) {
			continue
		}
		if lowest == nil || startsBefore(s, lowest) {
			tier, lowest = nil, s
		}
		if !startsBefore(lowest, s) {
			tier = append(tier, s.Name)
		}
	}
	if len(tier) == 0 {
		for name := range left {
			tier = append(tier, name)
		}
	}
	return tier
}

// startsBefore compares priorities, the group's first.
func startsBefore(a, b *plan.Spec) bool {
	return cmp.Or(cmp.Compare(a.GroupPriority, b.GroupPriority), cmp.Compare(a.Priority, b.Priority)) < 0
}

func comesAfter(s *plan.Spec, left map[string]*plan.Spec) bool {
	for _, d := range s.After {
		if d.Name != s.Name && left[d.Name] != nil {
			return true
		}
	}
	return false
}
