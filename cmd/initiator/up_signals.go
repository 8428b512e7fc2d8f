package main

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
	"initiator/proactor"
)

// handleSignals handles the signals of an `up`: INT, TERM and QUIT end it, HUP
// reloads or ends it, USR2 reopens log files.
func (u *upRun) handleSignals(ending *cli.SignalCatcher) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	terminals := terminal.OpenTerminals()
	// Of a closed terminal the kernel and a shell may send several HUPs, at any
	// distance.
	hangUp := sync.OnceFunc(func() { ending.Deliver(syscall.SIGHUP) })
	var all sync.WaitGroup
	end := cli.HandleSignals(func(s syscall.Signal) {
		if s != syscall.SIGQUIT {
			ending.Deliver(s)
			return
		}
		stacks := goroutineStacks()
		if ending.Deliver(s) {
			all.Go(func() { u.log.Warn("goroutines (SIGQUIT)\n" + stacks) }) // a log that hangs must not delay the end
		}
	}, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	others := cli.HandleSignals(func(s syscall.Signal) {
		if s == syscall.SIGUSR2 {
			u.reopenLogs(ctx)
			return
		}
		all.Go(func() { u.handleHangup(ctx, terminals, hangUp) }) // a reload waits for workers; the next signal must not wait
	}, syscall.SIGUSR2, syscall.SIGHUP)
	return func() {
		others()
		end()
		cancel()
		all.Wait()
		terminals.Close()
	}
}

// handleHangup calls end when a terminal of the program was closed, and otherwise
// reloads.
func (u *upRun) handleHangup(ctx context.Context, terminals *terminal.Terminals, end func()) {
	if terminals.AwaitClosed(ctx, hangupGrace) {
		end()
		return
	}
	if ctx.Err() == nil {
		u.service.notifyReload(func() { u.reloadConfig(ctx) })
	}
}

// hangupGrace is how long after a HUP a terminal may still be open that is being
// closed: a shell sends HUP to its jobs before it ends itself.
const hangupGrace = time.Second

// maxStacks limits the text about goroutines that QUIT writes to the log.
const maxStacks = 16 << 20

// goroutineStacks returns the stack of every goroutine, as a panic shows them. A
// text that reaches maxStacks is cut off, and says so.
func goroutineStacks() string {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		n := runtime.Stack(text, true)
		switch {
		case n < size:
			return string(text[:n])
		case size >= maxStacks:
			return string(text[:n]) + "\n… cut off at 16 MiB"
		}
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
func changesText(c report.Changes) string {
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
