package supervise

import (
	"context"
	"errors"
	"fmt"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// FatalError ends Run: a worker with on_fatal = shutdown was given up.
type FatalError struct{ Worker Worker }

// Error names the worker and says what it died of.
func (e *FatalError) Error() string {
	return fmt.Sprintf("worker %s (%s) is FATAL and on_fatal = shutdown: %s", e.Worker.Name, e.Worker.GUID, e.Worker.Reason)
}

// startAll starts what has autostart, tier by tier: nothing waits but by `after`.
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
			continue // it was restored, and is as somebody wanted it
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

// stopAll begins to stop everything, in order. The order takes a goroutine
// that asks as anyone would; it ends when everything rests, and the loop does
// not end before it.
func (l *loop) stopAll() {
	if l.stopping {
		return
	}
	l.stopping = true
	l.helpers.Go(func() {
		_, _ = l.Stop(context.Background(), "all") // what is not proven empty is shown by Workers
		l.box.Put(func(l *loop) { l.stopOrdered = true })
	})
}

// killAll is a shutdown that waits for nothing.
func (l *loop) killAll() {
	l.killing = true
	l.stopAll()
	for _, w := range l.order {
		if !w.rec.Phase.AtRest() {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.KillRequested, Reason: "killed on request"})
		}
	}
}

// stopKind is how workers are stopped now.
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

// finished: everything was asked to stop and rests, and nobody is about to
// bring a keeper.
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

// releaseAll gives back what the loop holds, at its end.
func (l *loop) releaseAll() {
	if l.quiesced { // everything is another's from here on
		for _, w := range l.order {
			if w.socket != nil {
				w.socket.Detach() // its path stays: the process knows it
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
