package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// progressInterval is the time between two messages about workers that are
// still stopping.
const progressInterval = time.Second

// stopAfter returns a context that ends after signalled, with the same cause: the
// workers are counted between the two ends, because idle workers stop at once.
func (u *upRun) stopAfter(signalled context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(signalled))
	forget := context.AfterFunc(signalled, func() {
		u.stopping = u.stoppingText(signalled)
		cancel(context.Cause(signalled))
	})
	return ctx, func() {
		forget()
		cancel(nil)
	}
}

// waitForEnd waits until the initiator has ended, and reports what it waits
// for. A second signal kills the workers.
func (u *upRun) waitForEnd(ctx context.Context, again <-chan syscall.Signal, ran <-chan error) error {
	var killed error
	var reported string
	done := ctx.Done()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-ran:
			if left := u.in.LeftProcesses(); len(left) > 0 {
				u.printNote("left %d: %s", len(left), leftNames(left))
			}
			if err == nil {
				err = killed
			}
			return err
		case <-done:
			done = nil
			u.live.Settle()
			u.live.ClearTypedText()
			u.printNote("%s", u.stopping)
			tick.Reset(progressInterval)
		case <-tick.C:
			if waits := u.stoppingWorkers(); ctx.Err() != nil && waits != "" && waits != reported {
				reported = waits
				u.printNote("waiting for %s", waits)
			}
		case s := <-again:
			if killed == nil {
				u.printNote("killing the remaining workers (second %s)", cli.Interrupted{Signal: s}.SignalName())
				killed = cli.Interrupted{Signal: s}
				u.in.Kill()
			}
		}
	}
}

// stoppingText says how long the stop may take, and how to shorten it.
func (u *upRun) stoppingText(ctx context.Context) string {
	alive, longest := 0, time.Duration(0)
	for _, w := range u.in.Workers() {
		if w.PID == 0 {
			continue
		}
		alive++
		if s, ok := u.in.Plan().FindSpec(w.Name); ok {
			longest = max(longest, s.Drain+s.StopWait)
		}
	}
	var sig cli.Interrupted
	if !errors.As(context.Cause(ctx), &sig) || alive == 0 {
		return "stopping"
	}
	how := "a second signal kills them"
	if sig.Signal == syscall.SIGINT {
		how = "Ctrl-C again kills them"
	}
	return fmt.Sprintf("stopping %s, at most %s; %s", terminal.Plural(alive, "worker"), terminal.FormatElapsed(longest), how)
}

// stoppingWorkers names the workers that have not stopped yet, with the reason.
func (u *upRun) stoppingWorkers() string {
	var left []string
	for _, w := range u.in.Workers() {
		if w.PID != 0 || w.State == report.Stopping {
			left = append(left, fmt.Sprintf("%s %s (%s)", w.Name, terminal.ShortGUID(w.GUID), w.Reason))
		}
	}
	return terminal.JoinNames(left)
}
