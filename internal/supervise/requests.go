package supervise

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"initiator/internal/lifecycle"
)

// LaunchWorker adds one worker to the pool of a definition and waits until it
// is ready; the error says why it is not. With guid "", it chooses one.
func (s *Supervisor) LaunchWorker(ctx context.Context, spec string, guid string) (Worker, error) {
	if guid == "" {
		guid = uuid.NewString()
	}
	results, err := s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		p := l.pools[spec]
		if p == nil || p.removed {
			return nil, l.unknownName(spec)
		}
		if l.stopping {
			return nil, ErrStopping
		}
		if err := l.checkGUID(guid); err != nil {
			return nil, err
		}
		if p.spec.Port != 0 && slices.ContainsFunc(p.workers, func(w *worker) bool { return !w.rec.Phase.AtRest() }) {
			return nil, &OnePortError{spec, p.spec.Port}
		}
		return l.requestState([]*worker{l.createWorker(p, guid)}, lifecycle.StartRequested, "launched on request"), nil
	})
	if err != nil {
		return Worker{}, err
	}
	if results[0].Error != "" {
		return results[0].Worker, fmt.Errorf("launch %s: %s", guid, results[0].Error)
	}
	return results[0].Worker, nil
}

// OnePortError says that a definition with a fixed port was asked for a second
// worker, which could never take the port.
type OnePortError struct {
	Name string
	Port int
}

// Error says what to change.
func (e *OnePortError) Error() string {
	return fmt.Sprintf("%s has port = %d, which serves one worker: write port = auto", e.Name, e.Port)
}

// Start starts the named workers (names of definitions and groups, GUIDs,
// "all") and waits until each is ready or has given up. It leaves running
// workers alone. The error is about the request itself; the error of one worker
// is in its Result.
func (s *Supervisor) Start(ctx context.Context, names ...string) ([]Result, error) {
	return s.requestWorkers(ctx, lifecycle.StartRequested, "asked to start", names)
}

// Restart gives each of the named workers a new process, all at the same time,
// and waits as Start does.
func (s *Supervisor) Restart(ctx context.Context, names ...string) ([]Result, error) {
	return s.requestWorkers(ctx, lifecycle.RestartRequested, "asked to restart", names)
}

func (s *Supervisor) requestWorkers(ctx context.Context, kind lifecycle.EventKind, why string, names []string) ([]Result, error) {
	return s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		if l.stopping {
			return nil, ErrStopping
		}
		chosen, err := l.chooseStaying(names)
		if err != nil {
			return nil, err
		}
		return l.requestState(l.sortForStart(chosen), kind, why), nil
	})
}

// sortForStart returns workers in the order in which they start.
func (l *loop) sortForStart(chosen []*worker) (sorted []*worker) {
	for _, tier := range l.tiersOf(chosen) {
		sorted = append(sorted, tier...)
	}
	return sorted
}

// tiersOf sorts workers into the tiers of their definitions. Workers of
// definitions that have left the plan come last.
func (l *loop) tiersOf(chosen []*worker) (sorted [][]*worker) {
	place := map[string]int{}
	names := startTiers(l.planSpecs())
	for i, tier := range names {
		for _, name := range tier {
			place[name] = i
		}
	}
	sorted = make([][]*worker, len(names)+1)
	for _, w := range chosen {
		i, ok := place[w.pool.spec.Name]
		if !ok {
			i = len(names)
		}
		sorted[i] = append(sorted[i], w)
	}
	return slices.DeleteFunc(sorted, func(t []*worker) bool { return len(t) == 0 })
}

// RestartRolling restarts the named workers one after another; each must be
// ready before the next restart. It ends at the first worker that does not
// become ready, so that the rest go on.
func (s *Supervisor) RestartRolling(ctx context.Context, names ...string) ([]Result, error) {
	var guids []string
	err := s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseStaying(names)
		for _, w := range l.sortForStart(chosen) {
			guids = append(guids, w.guid)
		}
		return err
	})
	var all []Result
	for i := 0; err == nil && i < len(guids); i++ {
		var one []Result
		one, err = s.Restart(ctx, guids[i])
		all = append(all, one...)
		if err == nil && len(one) == 1 && one[0].Error != "" {
			err = fmt.Errorf("restart %s: %s; the %d workers after it were not restarted", guids[i], one[0].Error, len(guids)-i-1)
		}
	}
	return all, err
}

// Stop stops the named workers and waits until none of their processes is left.
// It goes through the tiers in reverse; the workers of one tier stop together.
func (s *Supervisor) Stop(ctx context.Context, names ...string) ([]Result, error) {
	var order [][]string
	err := s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseWorkers(names)
		for _, tier := range l.tiersOf(chosen) {
			order = append(order, guidsOf(tier))
		}
		slices.Reverse(order)
		return err
	})
	var all []Result
	for i := 0; err == nil && i < len(order); i++ {
		var some []Result
		some, err = s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
			return l.requestState(l.findExisting(order[i]), l.stopKind(), "asked to stop"), nil
		})
		all = append(all, some...)
	}
	return all, err
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
