package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// stages is a request that reaches its workers in several stages: each stage
// begins when the stage before it has its results. The request counts from its
// first stage on: a worker for which a later request wants the opposite is left
// out.
type stages struct {
	claim  claim
	guids  [][]string // of the workers, by stage
	waiter *waiter    // of the current stage; the loop owns it
	// abandoned says that no caller waits. A stage then does not wait for a
	// worker that a later request has taken over, so that a client that repeats
	// its request leaves nothing behind.
	abandoned bool
}

// newStages claims the workers for a request with stages.
func (l *loop) newStages(tiers [][]*worker, up bool) *stages {
	st := &stages{claim: l.claimWorkers(slices.Concat(tiers...), up)}
	for _, tier := range tiers {
		st.guids = append(st.guids, guidsOf(tier))
	}
	return st
}

// isAbandoned reports whether no caller waits for the request. A nil *stages is
// the request without stages.
func (st *stages) isAbandoned() bool { return st != nil && st.abandoned }

// orderStage begins one stage.
func (l *loop) orderStage(st *stages, i int, kind lifecycle.EventKind, why string) *waiter {
	x := &waiter{kind: kind, claim: st.claim, stages: st}
	st.waiter = x
	l.orderWorkers(x, l.findExisting(st.guids[i]), why)
	return x
}

// abandonStages notes that the caller is gone.
func (l *loop) abandonStages(st *stages) {
	st.abandoned = true
	if st.waiter == nil {
		return
	}
	for w := range st.waiter.from {
		l.notifyWaiters(w)
	}
}

// Stop stops the named workers and waits until none of their processes is left.
// It goes through the tiers in reverse; the workers of one tier stop together.
// When ctx ends first, the stop goes on, also through the tiers that are left.
func (s *Supervisor) Stop(ctx context.Context, names ...string) ([]report.Result, error) {
	var st *stages
	var all []report.Result
	var failure error
	done := make(chan struct{})
	err := s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseWorkers(names)
		if err != nil {
			return err
		}
		tiers := l.tiersOf(chosen)
		slices.Reverse(tiers)
		st = l.newStages(tiers, false)
		l.helpers.Go(func() {
			defer close(done)
			all, failure = s.stopStages(st)
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	select {
	case <-done: // also when the loop has ended
		return all, failure
	case <-ctx.Done():
		s.box.Put(func(l *loop) { l.abandonStages(st) })
		return nil, ctx.Err()
	}
}

// stopStages carries out the stages of a stop.
func (s *Supervisor) stopStages(st *stages) (all []report.Result, err error) {
	for i := 0; err == nil && i < len(st.guids); i++ {
		var some []report.Result
		some, err = s.awaitRequest(context.Background(), func(l *loop) (*waiter, error) {
			return l.orderStage(st, i, l.stopKind(), "asked to stop"), nil
		})
		all = append(all, some...)
	}
	return all, err
}

// RestartRolling restarts the named workers one after another; each must be
// ready before the next restart. It ends at the first worker that does not
// become ready, so that the rest go on, and when ctx ends. A worker that a later
// request stops is left out. The check_command runs before each step, whose
// failure changes nothing and ends the restart.
func (s *Supervisor) RestartRolling(ctx context.Context, names ...string) ([]report.Result, error) {
	var st *stages
	err := s.askLoop(ctx, func(l *loop) error {
		if l.stopping {
			return ErrStopping
		}
		chosen, err := l.chooseStaying(names)
		var one [][]*worker
		for _, w := range l.sortForStart(l.addDependencies(chosen, lifecycle.RestartRequested)) {
			one = append(one, []*worker{w})
		}
		st = l.newStages(one, true)
		return err
	})
	var all []report.Result
	for i := 0; err == nil && i < len(st.guids); i++ {
		var some []report.Result
		some, err = s.restartStage(ctx, st, i)
		all = append(all, some...)
		for _, r := range some {
			if r.Error != "" && !r.Replaced {
				err = fmt.Errorf("restart %s: %s; the %d workers after it were not restarted", r.Worker.GUID, r.Error, len(st.guids)-i-1)
			}
		}
	}
	return all, err
}

// restartStage restarts the workers of one stage, after their check.
func (s *Supervisor) restartStage(ctx context.Context, st *stages, i int) ([]report.Result, error) {
	refused, err := s.checkNamed(ctx, st.guids[i])
	var unknown *UnknownNameError
	if refused != nil || err != nil && !errors.As(err, &unknown) { // unknown = removed meanwhile
		return refused, err
	}
	return s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		if l.stopping {
			return nil, ErrStopping
		}
		return l.orderStage(st, i, lifecycle.RestartRequested, "asked to restart"), nil
	})
}

// RestartOrder returns the named workers in the order in which RestartRolling
// restarts them. Nothing is changed.
func (s *Supervisor) RestartOrder(ctx context.Context, names ...string) (results []report.Result, err error) {
	var found []report.Result
	err = s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseStaying(names)
		for _, w := range l.sortForStart(l.addDependencies(chosen, lifecycle.RestartRequested)) {
			found = append(found, report.Result{Worker: w.makeView(), Note: w.stepNote()})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// stepNote says what a step of a rolling restart does.
func (w *worker) stepNote() string {
	switch {
	case !w.rec.Phase.HasProcess():
		return "would be started"
	case len(w.nextSpec.CheckCommand) > 0:
		return "would be restarted after its check_command"
	}
	return "would be restarted"
}

func guidsOf(workers []*worker) (guids []string) {
	for _, w := range workers {
		guids = append(guids, w.guid)
	}
	return guids
}

// findExisting returns the workers of those GUIDs that still exist.
func (l *loop) findExisting(guids []string) (found []*worker) {
	for _, guid := range guids {
		if w := l.workers[guid]; w != nil {
			found = append(found, w)
		}
	}
	return found
}
