package supervise

import (
	"context"
	"slices"

	"initiator/internal/lifecycle"
)

// waiter waits until some workers are in the requested state. The loop owns it
// until done is closed.
type waiter struct {
	kind    lifecycle.EventKind
	from    map[*worker]int // the incarnation when the request was made
	places  map[*worker]int
	results []Result
	left    int
	done    chan struct{}
}

// requestState requests the same state for all workers and returns the waiter
// for it.
func (l *loop) requestState(workers []*worker, kind lifecycle.EventKind, why string) *waiter {
	x := &waiter{
		kind: kind, from: map[*worker]int{}, places: map[*worker]int{},
		results: make([]Result, len(workers)), left: len(workers), done: make(chan struct{}),
	}
	if len(workers) == 0 {
		close(x.done)
	}
	for i, w := range workers {
		x.from[w], x.places[w] = w.rec.Incarnation, i
		w.waiters = append(w.waiters, x)
	}
	for _, w := range workers {
		if x.needsEvent(w) {
			l.applyEvent(w, lifecycle.Event{Kind: kind, Reason: why})
		}
		l.notifyWaiters(w)
	}
	return x
}

// wantsUp reports whether the workers should run.
func (x *waiter) wantsUp() bool {
	return x.kind == lifecycle.StartRequested || x.kind == lifecycle.RestartRequested
}

// needsEvent reports whether the request changes a worker. A start of
// everything does not bring back a worker that is being removed.
func (x *waiter) needsEvent(w *worker) bool {
	return !(x.wantsUp() && w.removing) && !(x.kind == lifecycle.StartRequested && w.rec.Phase == lifecycle.PhaseReady)
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
	case !x.wantsUp():
		return r.Phase.AtRest()
	case w.removing:
		return true
	case x.kind == lifecycle.RestartRequested:
		return r.Phase.AtRest() || r.Phase == lifecycle.PhaseReady && r.Incarnation > x.from[w]
	default:
		return r.Phase.AtRest() || r.Phase == lifecycle.PhaseReady || r.Phase == lifecycle.PhaseUnready
	}
}

func (x *waiter) resultFor(w *worker) Result {
	res := Result{Worker: w.makeView(), EmptyProven: w.rec.EmptyProven}
	done := w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == lifecycle.ExitClean // a one-shot worker that has done its work
	switch {
	case x.wantsUp() && w.removing:
		res.Error = "it is being removed: " + w.rec.Reason
	case x.wantsUp() && w.rec.Phase.AtRest() && !done:
		res.Error = w.rec.State().String() + ": " + w.rec.Reason
	}
	if !x.wantsUp() && w.rec.Incarnation == 0 {
		res.EmptyProven = true // it never had a process
	}
	return res
}

// abandonWhenDone removes the waiters when ctx ends before they are decided: a
// client that repeats its request must not leave a waiter each time at a worker
// that does not change. The caller calls stop when it has the answer.
func (l *loop) abandonWhenDone(ctx context.Context, waiters ...*waiter) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		l.box.Put(func(*loop) {
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
func (s *Supervisor) awaitRequest(ctx context.Context, f func(*loop) (*waiter, error)) ([]Result, error) {
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
		return ErrEnded
	}
}
