package supervise

import (
	"context"
	"slices"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// claim is the newest request for a worker.
type claim struct {
	number  uint64 // of the request, over all workers
	wantsUp bool   // the worker should run
}

// waiter waits until some workers are in the requested state. The loop owns it
// until done is closed.
type waiter struct {
	kind    lifecycle.EventKind
	claim   claim
	stages  *stages         // of the request; nil = it has none
	from    map[*worker]int // the incarnation when the request was made
	places  map[*worker]int
	ends    map[*worker]time.Time // when its last process had ended when the request was made
	deaths  map[*worker]int       // its deaths in a row when the request was made
	results []report.Result
	left    int
	done    chan struct{}
}

// requestState requests the same state for all workers and returns the waiter
// for it. The request replaces every earlier request for them.
func (l *loop) requestState(workers []*worker, kind lifecycle.EventKind, why string) *waiter {
	x := &waiter{kind: kind, claim: l.claimWorkers(workers, wantsUp(kind))}
	l.orderWorkers(x, workers, why)
	return x
}

// claimWorkers makes a new request the newest one for the workers.
func (l *loop) claimWorkers(workers []*worker, up bool) claim {
	l.requests++
	c := claim{l.requests, up}
	for _, w := range workers {
		w.claim = c
	}
	return c
}

// orderWorkers applies the request of a waiter to its workers, except the
// workers for which a later request wants the opposite.
func (l *loop) orderWorkers(x *waiter, workers []*worker, why string) {
	x.from, x.places, x.deaths, x.ends = map[*worker]int{}, map[*worker]int{}, map[*worker]int{}, map[*worker]time.Time{}
	x.results, x.left, x.done = make([]report.Result, len(workers)), len(workers), make(chan struct{})
	if len(workers) == 0 {
		close(x.done)
	}
	for i, w := range workers {
		x.from[w], x.places[w], x.ends[w] = w.rec.Incarnation, i, w.rec.LastExit.At
		if p := w.rec.Phase; !p.AtRest() && p != lifecycle.PhaseBackoff { // otherwise the request begins a new row
			x.deaths[w] = w.rec.Deaths.InARow
		}
		w.waiters = append(w.waiters, x)
		if x.needsEvent(w) {
			l.applyEvent(w, lifecycle.Event{Kind: x.kind, Reason: why})
		}
		l.notifyWaiters(w)
	}
}

func wantsUp(kind lifecycle.EventKind) bool {
	return kind == lifecycle.StartRequested || kind == lifecycle.RestartRequested
}

// wantsUp reports whether the workers should run.
func (x *waiter) wantsUp() bool { return wantsUp(x.kind) }

// needsEvent reports whether the request changes a worker. A start of
// everything does not bring back a worker that is being removed.
func (x *waiter) needsEvent(w *worker) bool {
	return !(x.wantsUp() && w.removing) && !(x.kind == lifecycle.StartRequested && w.rec.Phase == lifecycle.PhaseReady) && !x.isOutdated(w)
}

// isOutdated reports whether a later request for the worker wants the opposite.
func (x *waiter) isOutdated(w *worker) bool {
	return w.claim.number > x.claim.number && w.claim.wantsUp != x.wantsUp()
}

// notifyWaiters gives each waiter that is decided for the worker its result.
func (l *loop) notifyWaiters(w *worker) {
	if len(w.waiters) == 0 {
		return
	}
	kept := w.waiters[:0]
	for _, x := range w.waiters {
		if !x.isDecided(w) {
			kept = append(kept, x)
			continue
		}
		x.results[x.places[w]] = x.resultFor(w)
		if x.left--; x.left == 0 {
			close(x.done)
		}
	}
	clear(w.waiters[len(kept):])
	w.waiters = kept
}

// isDecided reports whether the worker is in the requested state, or will not
// reach it.
func (x *waiter) isDecided(w *worker) bool {
	switch r := &w.rec; {
	case x.isReplaced(w), x.stages.isAbandoned() && w.claim.number > x.claim.number:
		return true
	case !x.wantsUp():
		return r.Phase.AtRest()
	case w.removing, w.isBlockedForEver(), x.keepsFailing(w):
		return true
	case x.kind == lifecycle.RestartRequested:
		return r.Phase.AtRest() || r.Phase == lifecycle.PhaseReady && r.Incarnation > x.from[w]
	default:
		return r.Phase.AtRest() || r.Phase == lifecycle.PhaseReady || r.Phase == lifecycle.PhaseUnready
	}
}

// isReplaced reports whether the worker is on its way to the opposite of what
// was requested: a later request, a reload or its group has decided so.
func (x *waiter) isReplaced(w *worker) bool {
	if x.wantsUp() && w.removing {
		return false // this has a reason of its own
	}
	return x.isOutdated(w) || !w.rec.Phase.AtRest() && w.rec.Wanted != x.wantsUp()
}

// isBlockedForEver reports whether the worker waits for a dependency that cannot
// be met unless a person acts.
func (w *worker) isBlockedForEver() bool {
	return w.rec.Phase == lifecycle.PhaseWaiting && w.rec.DependenciesMissing && w.pool.unrecoverable
}

// keepsFailing reports whether the worker has died so often since the request
// that the request is answered. The worker is started again all the same.
func (x *waiter) keepsFailing(w *worker) bool {
	return w.rec.Deaths.InARow-x.deaths[w] >= report.FailingAfter
}

func (x *waiter) resultFor(w *worker) report.Result {
	res := report.Result{Worker: w.makeView(), EmptyProven: w.rec.EmptyProven}
	done := w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == report.ExitClean // a one-shot worker that has done its work
	switch {
	case x.isReplaced(w):
		res.Replaced, res.Error = true, "a later request replaced this one: "+w.rec.State().String()+": "+w.rec.Reason
	case x.wantsUp() && w.removing:
		res.Error = "it is being removed: " + w.rec.Reason
	case x.wantsUp() && (w.rec.Phase.AtRest() || w.isBlockedForEver()) && !done:
		res.Error = w.rec.State().String() + ": " + w.rec.Reason
	case x.wantsUp() && !done && x.keepsFailing(w):
		res.Error = w.pool.spec.Name + " keeps failing: " + w.rec.Reason
	}
	if x.kind != lifecycle.StartRequested && !w.rec.LastExit.At.Equal(x.ends[w]) {
		res.Left = w.rec.Left
	}
	if !x.wantsUp() && w.rec.Incarnation == 0 {
		res.EmptyProven = true // it never had a process
	}
	return res
}

// abandonWhenDone removes the waiters when ctx ends before they are decided: a
// client that repeats its request must not leave a waiter each time at a worker
// that does not change. The caller calls stop when it has the answer.
func (s *Supervisor) abandonWhenDone(ctx context.Context, waiters ...*waiter) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		s.box.Put(func(*loop) {
			for _, x := range waiters {
				x.abandonWait()
			}
		})
	})
}

// abandonWait removes a waiter from all its workers.
func (x *waiter) abandonWait() {
	for w := range x.from {
		w.waiters = slices.DeleteFunc(w.waiters, func(other *waiter) bool { return other == x })
	}
}

// awaitRequest lets the loop start a request and waits for the results. When
// ctx ends first, the request goes on without a waiter.
func (s *Supervisor) awaitRequest(ctx context.Context, f func(*loop) (*waiter, error)) ([]report.Result, error) {
	var x *waiter
	stop := func() bool { return true }
	err := s.askLoop(ctx, func(l *loop) (err error) {
		if x, err = f(l); err == nil {
			stop = l.abandonWhenDone(ctx, x)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := s.awaitDone(ctx, x.done); err != nil {
		return nil, err
	}
	return x.results, nil
}

// awaitDone waits until the loop has closed done.
func (s *Supervisor) awaitDone(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
	}
	select {
	case <-done: // by the last message that the loop handled
		return nil
	default:
		return ErrEnded
	}
}
