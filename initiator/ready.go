package initiator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/supervise"
)

// Ready waits until every worker that starts by itself is ready, or has ended as it
// should. The error names the workers that will not be ready, with their reasons: at
// once where waiting does not help, and after three deaths in a row. When ctx ends,
// it names the workers that are still missing.
func (in *Initiator) Ready(ctx context.Context) error {
	if _, err := in.waitForServer(ctx); errors.Is(err, ErrClosed) {
		return fmt.Errorf("wait for workers: %w", err)
	} else if err != nil {
		return err
	}
	for {
		_, more := in.Events(^uint64(0))
		missing, unrecoverable := in.unreadyWorkers(in.Workers())
		switch {
		case len(unrecoverable) > 0:
			return fmt.Errorf("not every worker came up: %s", strings.Join(unrecoverable, "; "))
		case len(missing) == 0:
			return nil
		}
		select {
		case <-more:
		case <-in.runState.ended:
			return fmt.Errorf("wait for workers: %w", in.runState.closedError())
		case <-ctx.Done():
			return fmt.Errorf("wait for workers: %w: %s", ctx.Err(), strings.Join(missing, "; "))
		}
	}
}

// unreadyWorkers describes the workers that can still become ready, and the
// workers that will not.
func (in *Initiator) unreadyWorkers(list []report.Worker) (missing, unrecoverable []string) {
	for _, w := range list {
		line := fmt.Sprintf("%s is %s (%s)", w.Name, w.State, w.Reason)
		switch supervise.StartupOf(w, in.startsItself(w.Name)) {
		case supervise.StartupPending:
			missing = append(missing, line)
		case supervise.StartupFailed:
			unrecoverable = append(unrecoverable, line)
		case supervise.StartupDone:
		}
	}
	return missing, unrecoverable
}

// startsItself reports whether workers of a definition start without a request.
func (in *Initiator) startsItself(name string) bool {
	s, ok := in.Plan().FindSpec(name)
	return ok && s.Autostart
}
