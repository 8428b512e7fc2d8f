package supervise

import (
	"context"
	"slices"

	"initiator/internal/lifecycle"
)

// waiter waits for some workers to be as they were asked to be. The loop owns
// it until done is closed.
type waiter struct {
	kind    lifecycle.EventKind
	from    map[*worker]int // the incarnation at the time of the request
	places  map[*worker]int
	results []Result
	left    int
	done    chan struct{}
}

// requestState asks all workers for the same thing and makes the waiter for it.
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

// up: what was asked for is that workers run.
func (x *waiter) wantsUp() bool {
	return x.kind == lifecycle.StartRequested || x.kind == lifecycle.RestartRequested
}

// needsEvent reports whether there is anything to ask of a worker. One that is to go
// away is not brought back by whoever names everything: it is of no pool.
func (x *waiter) needsEvent(w *worker) bool {
	return !(x.wantsUp() && w.removing) && !(x.kind == lifecycle.StartRequested && w.rec.Phase == lifecycle.PhaseReady)
}

// notifyWaiters gives every waiter whose wish is decided its result.
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

// isDecided reports whether the worker is as asked, or will not be.
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
	done := w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == lifecycle.ExitClean // a one-shot that did its work
	switch {
	case x.wantsUp() && w.removing:
		res.Error = "it is being removed: " + w.rec.Reason
	case x.wantsUp() && w.rec.Phase.AtRest() && !done:
		res.Error = w.rec.State().String() + ": " + w.rec.Reason
	}
	if !x.wantsUp() && w.rec.Incarnation == 0 {
		res.EmptyProven = true // there never was anything
	}
	return res
}

// abandonWhenDone has waiters given up when ctx ends before they do: a client that comes
// again and again must not leave one each time with a worker that does not
// change. The answer ends that.
func (l *loop) abandonWhenDone(ctx context.Context, waiters ...*waiter) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		l.box.Put(func(*loop) {
			for _, x := range waiters {
				x.abandonWait()
			}
		})
	})
}

// abandonWait takes a waiter from all workers that it waits for.
func (x *waiter) abandonWait() {
	for w := range x.from {
		w.waiters = slices.DeleteFunc(w.waiters, func(other *waiter) bool { return other == x })
	}
}

// awaitRequest has the loop do something and waits for the outcome. When ctx ends
// first, what was asked for goes on; only nobody waits for it.
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

// awaitDone waits until the loop has closed done, when what was asked for is at its
// end.
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
