package supervise

import (
	"context"
	"errors"
	"fmt"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// FatalError ends Run: a worker with on_fatal = shutdown is FATAL.
type FatalError struct{ Worker report.Worker }

// Error names the worker and the reason.
func (e *FatalError) Error() string {
	return fmt.Sprintf("worker %s (%s) is FATAL and on_fatal = shutdown: %s", e.Worker.Name, e.Worker.GUID, e.Worker.Reason)
}

// startAll starts the workers with autostart, tier by tier. Only `after` makes
// a worker wait.
func (l *loop) startAll() {
	for _, tier := range startTiers(l.planSpecs()) {
		for _, name := range tier {
			l.startPool(l.pools[name])
		}
	}
}

func (l *loop) startPool(p *pool) {
	if !p.spec.Autostart {
		return
	}
	for _, w := range p.workers {
		if w.rec.Phase != lifecycle.PhaseStopped || w.rec.Incarnation > 0 {
			continue // it was restored, and is in the state that was requested before
		}
		l.applyEvent(w, lifecycle.Event{Kind: lifecycle.StartRequested, Reason: "autostart"})
	}
}

func (l *loop) planSpecs() (specs []*plan.Spec) {
	for i := range l.plan.Workers {
		specs = append(specs, &l.plan.Workers[i])
	}
	return specs
}

// stopAll begins to stop all workers in their order. The order needs a
// goroutine that sends the requests; it ends when all workers are at rest, and
// the loop does not end before it.
func (l *loop) stopAll() {
	if l.stopping {
		return
	}
	l.stopping = true
	l.helpers.Go(func() {
		_, _ = l.Stop(context.Background(), "all") // Workers shows the processes that may be left
		l.box.Put(func(l *loop) { l.stopOrdered = true })
	})
}

// killAll stops all workers without any wait.
func (l *loop) killAll() {
	l.killing = true
	l.stopAll()
	for _, w := range l.order {
		if !w.rec.Phase.AtRest() {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.KillRequested, Reason: "killed on request"})
		}
	}
}

// stopKind returns the event that stops a worker now.
func (l *loop) stopKind() lifecycle.EventKind {
	if l.killing {
		return lifecycle.KillRequested
	}
	return lifecycle.StopRequested
}

func (l *loop) failRun(err error) {
	l.failure = errors.Join(l.failure, err)
	l.stopAll()
}

// isFinished reports whether the loop can end: all workers were stopped and are
// at rest, and no goroutine is about to bring a keeper.
func (l *loop) isFinished() bool {
	if !l.stopOrdered || l.replacing {
		return false
	}
	for _, w := range l.order {
		if !w.rec.Phase.AtRest() {
			return false
		}
	}
	return true
}

// releaseAll releases what the loop holds, at its end.
func (l *loop) releaseAll() {
	if l.quiesced { // from here on the next initiator owns everything
		for _, w := range l.order {
			if w.socket != nil {
				w.socket.Detach() // the directory stays: the process knows it
			}
		}
		if l.ownKeeper != nil {
			l.ownKeeper.Detach()
		}
		return
	}
	defer l.limiter.Close()
	for _, w := range l.order {
		l.releasePort(w)
		l.releaseIncarnation(w)
	}
	if l.ownKeeper != nil {
		if err := l.ownKeeper.Close(); err != nil {
			l.log.Warn(err.Error())
		}
	}
}
