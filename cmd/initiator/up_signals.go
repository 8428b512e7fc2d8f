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

// handleSignals handles the signals that do not end the program: USR2 reopens
// log files, HUP reloads. On a terminal HUP ends the program as usual: the
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
			all.Go(func() { u.service.notifyReload(func() { u.reloadConfig(ctx) }) }) // a reload waits for workers; the next signal must not wait
		}
	})
	return func() {
		signal.Stop(c)
		close(c)
		cancel()
		all.Wait()
	}
}

// reopenLogs reopens the log files of the workers and of the initiator.
func (u *upRun) reopenLogs(ctx context.Context) {
	if err := errors.Join(u.logFile.reopenFile(), u.in.Reopen(ctx)); err != nil {
		u.log.Error("reopen the log files", "error", err)
		return
	}
	u.log.Info("log files reopened (SIGUSR2)")
}

// reloadConfig applies the INI, and logs the changes or each fault.
func (u *upRun) reloadConfig(ctx context.Context) {
	u.log.Info("reload (SIGHUP)")
	changes, err := u.in.Reload(ctx)
	var faults proactor.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			u.log.Error(f.Error())
		}
		u.log.Error("reload: the INI has faults; nothing has changed")
		return
	case err != nil:
		u.log.Error("reload: "+terminal.OneLine(err.Error()), "changes", changesText(changes))
		return
	}
	u.log.Info("reloaded", "changes", changesText(changes))
}

// changesText returns "adder restart (slots); echoer stop".
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
