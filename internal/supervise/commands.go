package supervise

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// check_command and reload_command are hooks (hooks.go) of a request: they run
// beside the worker's process, any number at the same time, and change no record.

// command is a running check_command or reload_command.
type command struct {
	w        *worker
	kind     string // "check_command" or "reload_command"
	patience time.Duration
	output   []string             // the last lines
	done     func(problem string) // "" = it has succeeded
}

const (
	// defaultPatience is how long a command may run where start_timeout is 0.
	defaultPatience = 30 * time.Second
	// shownOutput is how many lines of its output a failure shows, and
	// shownLength how many bytes of a line.
	shownOutput, shownLength = 3, 300
)

// startCommand runs a command in the directory, environment and limits of a
// definition, and kills it after start_timeout. The loop calls done once.
func (l *loop) startCommand(w *worker, spec *plan.Spec, kind string, argv []string, done func(problem string)) {
	if l.keeper == nil {
		done("the keeper is being replaced: try again")
		return
	}
	c := &command{w: w, kind: kind, patience: spec.StartTimeout, done: done}
	if c.patience <= 0 {
		c.patience = defaultPatience
	}
	order, err := l.hookOrder(w, spec, kind, argv)
	if err != nil {
		done(kind + ": " + err.Error())
		return
	}
	l.commandsRun++
	order.GUID += "." + strconv.FormatUint(l.commandsRun, 10)
	l.commands[order.GUID] = c
	l.logUnsent(l.keeper.WatchOutput(order.GUID, true), "watch", w)
	if err := l.keeper.Spawn(order); err != nil {
		l.endCommand(order.GUID, c, err.Error())
		return
	}
	// Without a signal, the keeper only waits and then kills.
	l.logUnsent(l.keeper.End(keeper.EndOrder{GUID: order.GUID, Incarnation: order.Incarnation, Wait: c.patience}), "end", w)
}

// handleCommandEvent handles the keeper's reports about a command.
func (l *loop) handleCommandEvent(c *command, e keeper.Event) {
	switch e.Kind {
	case keeper.KindOutput:
		c.keepOutput(e.Lines)
	case keeper.KindSpawnFailed:
		l.endCommand(e.GUID, c, strings.TrimPrefix(e.Error, "spawn "+e.GUID+": "))
	case keeper.KindExited:
		l.endCommand(e.GUID, c, c.problemOf(e))
	}
}

// keepOutput keeps the last lines that are not empty.
func (c *command) keepOutput(lines []string) {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			if len(line) > shownLength {
				line = line[:shownLength] + "…"
			}
			c.output = append(c.output, line)
		}
	}
	c.output = slices.Delete(c.output, 0, max(0, len(c.output)-shownOutput))
}

// problemOf returns why a command has failed, with its last output; "" = it has
// succeeded.
func (c *command) problemOf(e keeper.Event) string {
	problem := ""
	switch {
	case e.Signal == int(syscall.SIGKILL):
		problem = fmt.Sprintf("it did not end within %s (start_timeout)", lifecycle.FormatDuration(c.patience))
	case e.Signal != 0 || e.Code != 0:
		problem = classifyExit(c.w.rec.Spec, e).String()
	default:
		return ""
	}
	if len(c.output) > 0 {
		problem += ": " + strings.ToValidUTF8(strings.Join(c.output, "; "), "…")
	}
	return problem
}

func (l *loop) endCommand(name string, c *command, problem string) {
	delete(l.commands, name)
	if l.keeper != nil {
		l.logUnsent(l.keeper.WatchOutput(name, false), "watch", c.w)
	}
	if problem != "" {
		problem = c.kind + ": " + problem
	}
	c.done(problem)
}

// failCommands ends all commands: they are lost with their keeper.
func (l *loop) failCommands() {
	for name, c := range l.commands {
		l.endCommand(name, c, "the keeper was lost")
	}
}
