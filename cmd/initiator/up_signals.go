package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/api"
	"initiator/proactor"
)

// handleSignals does what signals ask for that are no end: USR2 opens log files
// anew, HUP reloads. On a terminal HUP stays the end that it is everywhere: the
// terminal has gone away.
func (u *upRun) handleSignals() (stop func()) {
	signals := []os.Signal{syscall.SIGUSR2}
	if u.live == nil {
		signals = append(signals, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 4)
	signal.Notify(c, signals...)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for s := range c {
			if s == syscall.SIGUSR2 {
				u.reopenLogs(ctx)
				continue
			}
			all.Go(func() { u.service.notifyReload(func() { u.reloadConfig(ctx) }) }) // it waits for workers, and the next signal does not
		}
	})
	return func() {
		signal.Stop(c)
		close(c)
		cancel()
		all.Wait()
	}
}

func (u *upRun) reopenLogs(ctx context.Context) {
	if err := errors.Join(u.logFile.reopenFile(), u.in.Reopen(ctx)); err != nil {
		u.log.Error("reopen the log files", "error", err)
		return
	}
	u.log.Info("log files opened anew (SIGUSR2)")
}

// reloadConfig says what a HUP has changed. Faults are told one by one, as everywhere.
func (u *upRun) reloadConfig(ctx context.Context) {
	u.log.Info("reload (SIGHUP)")
	changes, err := u.in.Reload(ctx)
	var faults proactor.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			u.log.Error(f.Error())
		}
		u.log.Error("reload: the INI has faults, nothing has changed")
		return
	case err != nil:
		u.log.Error("reload: "+terminal.OneLine(err.Error()), "changes", changesText(changes))
		return
	}
	u.log.Info("reloaded", "changes", changesText(changes))
}

// changesText is "adder restart (slots), echoer stop".
func changesText(c api.Changes) string {
	var parts []string
	for _, w := range c.Workers {
		if !w.HasEffect() {
			continue
		}
		part := w.Name + " " + string(w.Action)
		if len(w.Keys) > 0 {
			part += " (" + strings.Join(w.Keys, ", ") + ")"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, "; ")
}
