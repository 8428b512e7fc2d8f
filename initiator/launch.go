package initiator

import (
	"context"
	"fmt"
	"strings"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// Worker is what Launch yields, with the fields of turberfield's tuple.
type Worker struct {
	GUID string `json:"guid"`
	Port int    `json:"port"`
	// Session names the incarnation: the guid and its number.
	Session string `json:"session"`
	// Module is the worker definition's name.
	Module string `json:"module"`
	// Process is the pid.
	Process int `json:"process"`
}

// Launch starts one more worker of the definition named module and waits until
// it is ready. An empty guid makes a new one. Only while Run runs.
func (in *Initiator) Launch(ctx context.Context, module, guid string) (Worker, error) {
	w, err := in.LaunchWorker(ctx, module, guid)
	if err != nil {
		return Worker{}, err
	}
	return Worker{
		GUID: w.GUID, Port: w.Port, Module: w.Name, Process: w.PID,
		Session: fmt.Sprintf("%s/%d", w.GUID, w.Incarnation),
	}, nil
}

// Ready waits until every worker that starts by itself is ready. The error
// names those that never will be, with their reasons, or what is still
// missing when ctx ends.
func (in *Initiator) Ready(ctx context.Context) error {
	select {
	case <-in.listening:
	case <-in.over:
		return fmt.Errorf("wait for workers: the initiator has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		_, more := in.journal.since(^uint64(0))
		waits, given := in.unready(in.Workers())
		switch {
		case len(given) > 0:
			return fmt.Errorf("not every worker came up: %s", strings.Join(given, "; "))
		case len(waits) == 0:
			return nil
		}
		select {
		case <-more:
		case <-in.over:
			return fmt.Errorf("wait for workers: the initiator has ended")
		case <-ctx.Done():
			return fmt.Errorf("wait for workers: %w: %s", ctx.Err(), strings.Join(waits, "; "))
		}
	}
}

// unready sorts the workers that are not ready into those that may yet be, and
// those that were given up. A worker that has never run is one of the former
// where it starts by itself: the supervisor may not have begun yet.
func (in *Initiator) unready(list []supervise.Worker) (waits, given []string) {
	for _, w := range list {
		line := fmt.Sprintf("%s is %s (%s)", w.Name, w.State, w.Reason)
		switch {
		case w.State == lifecycle.Fatal:
			given = append(given, line)
		case w.State == lifecycle.Starting, w.State == lifecycle.Backoff, w.State == lifecycle.Running && !w.Ready,
			w.State == lifecycle.Stopped && w.Incarnation == 0 && in.startsItself(w.Name):
			waits = append(waits, line)
		}
	}
	return waits, given
}

// startsItself says whether workers of a definition start without being asked.
func (in *Initiator) startsItself(name string) bool {
	s, ok := in.Plan().Spec(name)
	return ok && s.Autostart
}
