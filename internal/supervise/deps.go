package supervise

import (
	"cmp"
	"strings"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// check sees whether everything that a worker comes after is there, and says
// so to the table.
func (l *loop) check(w *worker) {
	missing := l.missing(w.pool)
	w.pool.missing = missing
	if len(missing) == 0 {
		l.then(w, lifecycle.Event{Kind: lifecycle.DependenciesMet})
		return
	}
	l.then(w, lifecycle.Event{Kind: lifecycle.DependenciesMissing, Reason: "waits for " + strings.Join(missing, ", ")})
}

// missing names the unmet items of `after`, in the words of the INI.
func (l *loop) missing(p *pool) (names []string) {
	for _, d := range p.spec.After {
		if !l.pools[d.Name].meets(d.Condition) {
			names = append(names, d.Name+": "+d.Condition+l.hopeless(d))
		}
	}
	return names
}

// meets reports whether all workers of the pool are as the condition says. A
// pool without workers meets nothing, or a typo would start everything.
func (p *pool) meets(condition string) bool {
	if p == nil || len(p.workers) == 0 {
		return false
	}
	n := len(p.workers)
	switch condition {
	case "started":
		return p.in[lifecycle.PhaseStarting]+p.in[lifecycle.PhaseReady]+p.in[lifecycle.PhaseUnready]+p.in[lifecycle.PhaseExited] == n
	case "completed":
		return p.in[lifecycle.PhaseExited] == n
	case "completed_successfully":
		return p.in[lifecycle.PhaseExited] == n && p.clean == n
	default: // ready; a one-shot that has done its work counts
		return p.in[lifecycle.PhaseReady]+p.clean == n && p.in[lifecycle.PhaseReady] > 0 || p.clean == n
	}
}

// hopeless adds why a condition cannot come true by itself.
func (l *loop) hopeless(d plan.Dependency) string {
	p := l.pools[d.Name]
	switch {
	case p == nil:
		return " (there is no such worker)"
	case len(p.workers) == 0:
		return " (it has no workers: scale it)"
	case p.in[lifecycle.PhaseFatal] > 0:
		return " (it is FATAL: see why " + d.Name + ")"
	case p.in[lifecycle.PhaseExited] == len(p.workers) && d.Condition != "completed":
		return " (it has EXITED: see why " + d.Name + ")"
	case p.in[lifecycle.PhaseStopped] == len(p.workers):
		return " (it is STOPPED: start it)"
	}
	return ""
}

// released looks at those that come after a worker that has changed.
func (l *loop) released(w *worker) {
	for _, p := range w.pool.followed {
		if p.in[lifecycle.PhaseWaiting] == 0 {
			continue
		}
		was := strings.Join(p.missing, ", ")
		p.missing = l.missing(p)
		if len(p.missing) > 0 && strings.Join(p.missing, ", ") == was {
			continue
		}
		for _, follower := range p.workers {
			if follower.rec.Phase == lifecycle.PhaseWaiting {
				l.check(follower)
			}
		}
	}
}

// checkAll looks at all who wait, after another plan may have asked for less.
func (l *loop) checkAll() {
	for _, w := range l.order {
		if w.rec.Phase == lifecycle.PhaseWaiting {
			l.check(w)
		}
	}
}

// tiers orders specs by `after` and, where that leaves a choice, by priority:
// the specs of one tier have one priority and do not come after each other.
// Starting goes through them forwards, stopping backwards.
func tiers(specs []*plan.Spec) [][]string {
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

// nextTier takes, of the specs that come after nothing in left, those of the
// lowest priority. In a cycle, which the plan refuses, everything is one tier.
func nextTier(specs []*plan.Spec, left map[string]*plan.Spec) (tier []string) {
	var lowest *plan.Spec
	for _, s := range specs {
		if left[s.Name] == nil || comesAfter(s, left) {
			continue
		}
		if lowest == nil || before(s, lowest) {
			tier, lowest = nil, s
		}
		if !before(lowest, s) {
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

// before compares priorities, that of the group first.
func before(a, b *plan.Spec) bool {
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
