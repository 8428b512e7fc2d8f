package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/lifecycle"
)

// progressInterval is how often a stop says what it waits for.
const progressInterval = time.Second

// waitForEnd waits for the end, and says on the way what it waits for.
func (u *upRun) waitForEnd(ctx context.Context, again <-chan syscall.Signal, ran <-chan error) error {
	var killed error
	var said string
	done := ctx.Done()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-ran:
			if err == nil {
				err = killed
			}
			return err
		case <-done:
			done = nil
			u.live.Settle()
			u.live.ClearTypedText()
			u.printNote("%s", u.stoppingText(ctx))
			tick.Reset(progressInterval)
		case <-tick.C:
			if waits := u.stoppingWorkers(); ctx.Err() != nil && waits != "" && waits != said {
				said = waits
				u.printNote("waits for %s", waits)
			}
		case s := <-again:
			if killed == nil {
				u.printNote("kills what is left (second %s)", cli.Interrupted{Signal: s}.SignalName())
				killed = cli.Interrupted{Signal: s}
				u.in.Kill()
			}
		}
	}
}

// stoppingText says how long a stop may take, and how to cut it short.
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
	how := "a second signal kills at once"
	if sig.Signal == syscall.SIGINT {
		how = "Ctrl-C again kills at once"
	}
	return fmt.Sprintf("stopping %s, at most %s; %s", terminal.Plural(alive, "worker"), terminal.FormatDuration(longest), how)
}

// stoppingWorkers names the workers that are not yet stopped, and what holds them up.
func (u *upRun) stoppingWorkers() string {
	var left []string
	for _, w := range u.in.Workers() {
		if w.PID != 0 || w.State == lifecycle.Stopping {
			left = append(left, fmt.Sprintf("%s %s (%s)", w.Name, terminal.ShortGUID(w.GUID), w.Reason))
		}
	}
	return terminal.JoinNames(left)
}
