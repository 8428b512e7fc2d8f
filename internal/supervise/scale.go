package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// ScalePool gives the pool n workers. It waits until new workers are ready and
// surplus workers are gone; the youngest workers are removed first.
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
		if n > 1 && p.spec.Port != 0 && !p.spec.SharesPort() {
			return nil, &OnePortError{name, p.spec.Port}
		}
		return l.scalePool(p, n, true), nil
	})
	return errors.Join(err, failedResults(results))
}

// NotUpError says that a request was carried out, and names the workers that
// are not in the requested state all the same.
type NotUpError struct{ Failed []report.Result }

// Error returns a line for each worker.
func (e *NotUpError) Error() string {
	lines := make([]string, 0, len(e.Failed))
	for _, r := range e.Failed {
		lines = append(lines, fmt.Sprintf("%s %s: %s", r.Worker.Name, r.Worker.GUID, r.Error))
	}
	return strings.Join(lines, "\n")
}

// failedResults returns a NotUpError with the results that have an error; nil =
// none has.
func failedResults(results []report.Result) error {
	failed := slices.DeleteFunc(slices.Clone(results), func(r report.Result) bool { return r.Error == "" })
	if len(failed) == 0 {
		return nil
	}
	return &NotUpError{failed}
}

// scalePool adds or removes workers. The waiter is for the added workers, or
// else for the removed workers: there never are both. The added workers start
// only if start is set.
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
	return l.requestState(l.addDependencies(added, lifecycle.StartRequested), lifecycle.StartRequested, why)
}

// scaleToPlan changes the number of workers only when the file has changed it:
// a reload about another key does not undo `scale`.
func (l *loop) scaleToPlan(p *pool, c report.Change) []*waiter {
	if !slices.Contains(c.Keys, "replicas") {
		return nil
	}
	return []*waiter{l.scalePool(p, p.spec.Replicas, p.spec.Autostart)}
}
