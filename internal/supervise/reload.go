package supervise

import (
	"context"
	"errors"
	"slices"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// ApplyPlan applies another plan to the running workers and changes only what
// differs. It waits until everything new or changed is ready and everything
// removed is gone; the error names the workers that are not. While everything
// is being stopped, it does nothing and returns ErrStopping.
func (s *Supervisor) ApplyPlan(ctx context.Context, next *plan.Plan) error {
	wait, err := s.BeginPlan(ctx, next)
	if err != nil {
		return err
	}
	return wait(ctx)
}

// BeginPlan is ApplyPlan without the wait. The caller must call wait, which
// waits as ApplyPlan does; a later plan may be applied meanwhile.
func (s *Supervisor) BeginPlan(ctx context.Context, next *plan.Plan) (wait func(context.Context) error, err error) {
	var waiters []*waiter
	err = s.askLoop(ctx, func(l *loop) error {
		if l.stopping {
			return ErrStopping
		}
		waiters = l.reloadPlan(next)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return s.awaitAll(ctx, waiters) }, nil
}

// awaitAll waits for all waiters, and returns the workers that are not in the
// requested state.
func (s *Supervisor) awaitAll(ctx context.Context, waiters []*waiter) (err error) {
	defer s.abandonWhenDone(ctx, waiters...)()
	for _, x := range waiters {
		if err := s.awaitDone(ctx, x.done); err != nil {
			return err
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

// applyChange carries out the change of one definition.
func (l *loop) applyChange(p *pool, c report.Change) (waiters []*waiter) {
	why := "reload: " + c.Name + ": " + strings.Join(c.Keys, ", ")
	switch c.Action {
	case report.ActionStop:
		p.removed = true
		stopped := slices.Clone(p.workers)
		waiters = append(waiters, l.requestState(stopped, l.stopKind(), "reload: no longer in the file"))
		for _, w := range stopped {
			l.removeWorker(w, "reload: no longer in the file")
		}
		l.dropPool(p)
	case report.ActionStart:
		waiters = append(waiters, l.scalePool(p, p.spec.Replicas, p.spec.Autostart))
	case report.ActionRestart:
		waiters = append(waiters, l.scaleToPlan(p, c)...)
		live := slices.DeleteFunc(slices.Clone(p.workers), func(w *worker) bool {
			return w.removing || w.staysStopped() || w.rec.Spec == p.spec
		})
		if (p.spec.ReloadSignal != "" || len(p.spec.ReloadCommand) > 0) && onlyConfig(c.Keys) {
			waiters = append(waiters, l.reloadConfigs(live))
			break
		}
		waiters = append(waiters, l.requestState(live, lifecycle.RestartRequested, why))
	default: // kept: the difference takes effect at once
		for _, w := range p.workers {
			w.rec.Spec = p.spec
			l.timers.Set(&w.timer, w.rec.NextDeadline())
			if w.rec.Phase.IsRunning() { // a worker that starts has readiness probes instead
				l.updateLivenessProbe(w)
			}
		}
		waiters = append(waiters, l.scaleToPlan(p, c)...)
	}
	return waiters
}

// staysStopped reports whether a worker is at rest, or on its way there, for a
// reason that a new definition does not remove: a person has stopped it, or has
// not started it yet. A worker that was given up under the old definition, or
// has ended by itself, is tried again under the new one, because a reload is how
// people correct a command.
func (w *worker) staysStopped() bool {
	switch w.rec.Phase {
	case lifecycle.PhaseFatal:
		return false
	case lifecycle.PhaseExited:
		return !w.nextSpec.Autostart
	}
	return !w.rec.Wanted
}

// onlyConfig reports whether only the worker's own configuration differs. A
// worker with a reload_signal or a reload_command can fetch it again (GET /config/{guid}).
func onlyConfig(keys []string) bool {
	return len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool {
		return !strings.HasPrefix(k, "config.") && !strings.HasPrefix(k, "DEFAULT.")
	})
}

// reloadConfigs tells running processes to read their configuration again. A
// process that starts or ends meanwhile does so anyway.
func (l *loop) reloadConfigs(live []*worker) *waiter {
	for _, w := range live {
		w.rec.Spec = w.nextSpec
	}
	return l.reloadWorkers(slices.DeleteFunc(live, func(w *worker) bool { return !w.canReload() }))
}
