package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// ScalePool makes the pool have n workers and waits until those that are new are
// ready and those that are too many are gone: the youngest go first.
func (s *Supervisor) ScalePool(ctx context.Context, name string, n int) error {
	if n < 0 {
		return fmt.Errorf("scale %s: %d is fewer than none", name, n)
	}
	results, err := s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		p := l.pools[name]
		if p == nil || p.removed {
			return nil, l.unknownName(name)
		}
		if l.stopping {
			return nil, ErrStopping
		}
		if n > 1 && p.spec.Port != 0 {
			return nil, &OnePortError{name, p.spec.Port}
		}
		return l.scalePool(p, n, true), nil
	})
	return errors.Join(err, failedResults(results))
}

// NotUpError says that a request was carried out, and which workers are all the
// same not as they should be.
type NotUpError struct{ Failed []Result }

// Error has a line for each worker.
func (e *NotUpError) Error() string {
	lines := make([]string, 0, len(e.Failed))
	for _, r := range e.Failed {
		lines = append(lines, fmt.Sprintf("%s %s: %s", r.Worker.Name, r.Worker.GUID, r.Error))
	}
	return strings.Join(lines, "\n")
}

// failedResults collects the errors of workers.
func failedResults(results []Result) error {
	failed := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Error == "" })
	if len(failed) == 0 {
		return nil
	}
	return &NotUpError{failed}
}

// scalePool adds or removes. The waiter is for those added, or else for those
// removed: there never are both.
func (l *loop) scalePool(p *pool, n int, start bool) *waiter {
	current := slices.DeleteFunc(slices.Clone(p.workers), func(w *worker) bool { return w.removing })
	why := fmt.Sprintf("scaled to %d", n)
	if len(current) > n {
		extra := current[n:]
		slices.Reverse(extra)
		x := l.requestState(extra, l.stopKind(), why)
		for _, w := range extra {
			l.removeWorker(w, why)
		}
		return x
	}
	var added []*worker
	for i := len(current); i < n; i++ {
		added = append(added, l.createWorker(p, uuid.NewString()))
	}
	if !start {
		added = nil
	}
	return l.requestState(added, lifecycle.StartRequested, why)
}

// ApplyPlan makes the running workers those of another plan: only what differs is
// touched. It waits until everything new or changed is ready and everything
// removed is gone; the error names those that are not. Nothing is done when
// everything is being stopped.
func (s *Supervisor) ApplyPlan(ctx context.Context, next *plan.Plan) error {
	var waiters []*waiter
	stop := func() bool { return true }
	err := s.askLoop(ctx, func(l *loop) error {
		if l.stopping {
			return ErrStopping
		}
		waiters = l.reloadPlan(next)
		stop = l.abandonWhenDone(ctx, waiters...)
		return nil
	})
	if err != nil {
		return err
	}
	defer stop()
	for _, x := range waiters {
		select {
		case <-x.done:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return ErrEnded
		}
	}
	for _, x := range waiters {
		err = errors.Join(err, failedResults(x.results))
	}
	return err
}

// reloadPlan carries out the difference between two plans.
func (l *loop) reloadPlan(next *plan.Plan) (waiters []*waiter) {
	changes := plan.DiffPlans(l.plan, next)
	l.plan = next
	for i := range next.Workers {
		p := l.poolOf(&next.Workers[i])
		p.removed = false
		for _, w := range p.workers {
			w.nextSpec = p.spec
		}
	}
	l.connectPools()
	for _, c := range changes {
		if p := l.pools[c.Name]; p != nil {
			waiters = append(waiters, l.applyChange(p, c)...)
		}
	}
	l.recheckWaiting()
	l.forgetFingerprints()
	return waiters
}

// applyChange carries out the change of one spec.
func (l *loop) applyChange(p *pool, c plan.Change) (waiters []*waiter) {
	why := "reload: " + c.Name + ": " + strings.Join(c.Keys, ", ")
	switch c.Action {
	case plan.ActionStop:
		p.removed = true
		stopped := slices.Clone(p.workers)
		waiters = append(waiters, l.requestState(stopped, l.stopKind(), "reload: no longer in the file"))
		for _, w := range stopped {
			l.removeWorker(w, "reload: no longer in the file")
		}
		l.dropPool(p)
	case plan.ActionStart:
		waiters = append(waiters, l.scalePool(p, p.spec.Replicas, p.spec.Autostart))
	case plan.ActionRestart:
		waiters = append(waiters, l.scaleToPlan(p, c)...)
		live := slices.DeleteFunc(slices.Clone(p.workers), func(w *worker) bool {
			return w.removing || w.leftAlone() || w.rec.Spec == p.spec
		})
		if p.spec.ReloadSignal != "" && onlyConfig(c.Keys) {
			l.signalReload(live)
			break
		}
		waiters = append(waiters, l.requestState(live, lifecycle.RestartRequested, why))
	default: // kept: what differs takes effect at once
		for _, w := range p.workers {
			w.rec.Spec = p.spec
			l.timers.Set(&w.timer, w.rec.NextDeadline())
			if w.rec.Phase.IsRunning() { // one that starts is looked at already, for its readiness
				l.updateLivenessProbe(w)
			}
		}
		waiters = append(waiters, l.scaleToPlan(p, c)...)
	}
	return waiters
}

// leftAlone says whether a worker rests for a reason that another definition
// does not undo: a person has stopped it, or has not started it yet. What was
// given up under the old definition, or has ended by itself, is tried anew
// under the new one: a reload is how somebody mends a command.
func (w *worker) leftAlone() bool {
	return w.rec.Phase == lifecycle.PhaseStopped || w.rec.Phase == lifecycle.PhaseExited && !w.nextSpec.Autostart
}

// onlyConfig: nothing differs but what the worker itself reads, which one with
// a reload_signal can fetch anew (GET /config/{guid}).
func onlyConfig(keys []string) bool {
	return len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool {
		return !strings.HasPrefix(k, "config.") && !strings.HasPrefix(k, "DEFAULT.")
	})
}

// signalReload tells living processes to read their configuration again.
func (l *loop) signalReload(live []*worker) {
	for _, w := range live {
		w.rec.Spec = w.nextSpec
		if w.rec.PID != 0 && l.keeper != nil {
			l.logUnsent(l.keeper.Signal(w.guid, w.rec.Incarnation, signalNumber(w.nextSpec.ReloadSignal)), "signal", w)
		}
	}
}

// scaleToPlan follows the file only where the file has changed: what `scale` did
// meanwhile is not undone by a reload about something else.
func (l *loop) scaleToPlan(p *pool, c plan.Change) []*waiter {
	if !slices.Contains(c.Keys, "replicas") {
		return nil
	}
	return []*waiter{l.scalePool(p, p.spec.Replicas, p.spec.Autostart)}
}
