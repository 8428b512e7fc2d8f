package supervise

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// LaunchWorker adds one worker to the pool of a definition and waits until it
// is ready; the error says why it is not, also of a worker that has ended by then,
// with whatever code. With guid "", it chooses one.
func (s *Supervisor) LaunchWorker(ctx context.Context, spec string, guid string) (report.Worker, error) {
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
		if p.spec.Port != 0 && !p.spec.SharesPort() && slices.ContainsFunc(p.workers, func(w *worker) bool { return !w.rec.Phase.AtRest() }) {
			return nil, &OnePortError{spec, p.spec.Port}
		}
		launched := []*worker{l.createWorker(p, guid)}
		launched[0].rec.Launched = true
		return l.requestState(l.sortForStart(l.addDependencies(launched, lifecycle.StartRequested)), lifecycle.StartRequested, "launched on request"), nil
	})
	if err != nil {
		return report.Worker{}, err
	}
	launched := results[slices.IndexFunc(results, func(r report.Result) bool { return r.Worker.GUID == guid })]
	if launched.Error == "" {
		launched, err = s.confirmLaunch(ctx, launched.Worker)
	}
	if err == nil && launched.Error != "" {
		err = fmt.Errorf("launch %s: %s", guid, launched.Error)
	}
	return launched.Worker, err
}

// confirmLaunch looks at a launched worker again: a process that has ended since it
// was ready, or that has done its work, is nothing that a caller can use.
func (s *Supervisor) confirmLaunch(ctx context.Context, was report.Worker) (launched report.Result, err error) {
	launched.Worker = was
	return launched, s.askLoop(ctx, func(l *loop) error {
		w := l.workers[was.GUID]
		if w == nil {
			launched.Error = "it was removed"
			return nil
		}
		launched.Worker = w.makeView()
		if w.rec.Incarnation != was.Incarnation || !w.rec.Phase.IsRunning() {
			launched.Error = launched.Worker.State.String() + ": " + launched.Worker.Reason
		}
		return nil
	})
}

// OnePortError says that a definition with a fixed port was asked for a second
// worker, which could never take the port.
type OnePortError struct {
	Name string
	Port int
}

// Error says what to change.
func (e *OnePortError) Error() string {
	return fmt.Sprintf("%s has port = %d, which serves one worker: write port = auto, or, for a program without webhooks, socket = inherit and ready = notify, line or alive", e.Name, e.Port)
}

// Start starts the named workers (names of definitions and groups, GUIDs,
// "all"), and the workers at rest that they come after, and waits until each is
// ready or has given up. It leaves running workers alone. The error is about the
// request itself; the error of one worker is in its Result.
func (s *Supervisor) Start(ctx context.Context, names ...string) ([]report.Result, error) {
	return s.requestWorkers(ctx, lifecycle.StartRequested, "asked to start", names)
}

// Restart gives each of the named workers a new process, all at the same time,
// and waits as Start does. Their check_command runs first; when one fails, nothing
// is changed, and every Result has the error.
func (s *Supervisor) Restart(ctx context.Context, names ...string) ([]report.Result, error) {
	if refused, err := s.checkNamed(ctx, names); err != nil || refused != nil {
		return refused, err
	}
	return s.requestWorkers(ctx, lifecycle.RestartRequested, "asked to restart", names)
}

func (s *Supervisor) requestWorkers(ctx context.Context, kind lifecycle.EventKind, why string, names []string) ([]report.Result, error) {
	return s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		if l.stopping {
			return nil, ErrStopping
		}
		chosen, err := l.chooseStaying(names)
		if err != nil {
			return nil, err
		}
		return l.requestState(l.sortForStart(l.addDependencies(chosen, kind)), kind, why), nil
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
