package supervise

import (
	"context"
	"errors"
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

// command is one that runs.
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
			c.output = append(c.output, line[:min(len(line), shownLength)])
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

// check is the check_command of a definition that a request is about to stop or
// reload.
type check struct {
	w    *worker // of whose process it is asked
	spec *plan.Spec
}

// CheckError says that a check_command has failed, so that nothing was changed.
type CheckError struct {
	Name    string // of the definition
	Problem string
}

// Error says that nothing was changed.
func (e *CheckError) Error() string {
	return fmt.Sprintf("%s: %s; nothing was changed", e.Name, e.Problem)
}

// runChecks runs the checks that choose returns, at the same time, and waits for
// them. The error is a *CheckError for the first that fails, in their order.
func (s *Supervisor) runChecks(ctx context.Context, choose func(*loop) ([]check, error)) error {
	var checks []check
	var problems []string
	done := make(chan struct{})
	err := s.askLoop(ctx, func(l *loop) (err error) {
		if checks, err = choose(l); err != nil {
			return err
		}
		problems = make([]string, len(checks))
		left := len(checks)
		if left == 0 {
			close(done)
		}
		for i, c := range checks {
			l.startCommand(c.w, c.spec, "check_command", c.spec.CheckCommand, func(problem string) {
				problems[i] = problem
				if left--; left == 0 {
					close(done)
				}
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.awaitDone(ctx, done); err != nil {
		return err
	}
	for i, problem := range problems {
		if problem != "" {
			return &CheckError{checks[i].w.pool.spec.Name, problem}
		}
	}
	return nil
}

// checksOf returns the checks of workers with a process, one for each definition.
func checksOf(chosen []*worker) (checks []check) {
	checked := map[*plan.Spec]bool{}
	for _, w := range chosen {
		if spec := w.nextSpec; len(spec.CheckCommand) > 0 && w.rec.Phase.HasProcess() && !checked[spec] {
			checked[spec] = true
			checks = append(checks, check{w, spec})
		}
	}
	return checks
}

// checkNamed runs the checks of the named workers. After a failed check, refused
// has a Result for each of them.
func (s *Supervisor) checkNamed(ctx context.Context, names []string) (refused []Result, err error) {
	var chosen []*worker
	err = s.runChecks(ctx, func(l *loop) (checks []check, err error) {
		chosen, err = l.chooseStaying(names)
		return checksOf(chosen), err
	})
	var failed *CheckError
	if !errors.As(err, &failed) {
		return nil, err
	}
	return refused, s.askLoop(ctx, func(*loop) error {
		for _, w := range chosen {
			refused = append(refused, Result{Worker: w.makeView(), Error: failed.Error()})
		}
		return nil
	})
}

// CheckPlan runs the check_command of each definition that ApplyPlan would restart
// or reload. The error is a *CheckError; then the plan must not be applied.
func (s *Supervisor) CheckPlan(ctx context.Context, next *plan.Plan) error {
	return s.runChecks(ctx, func(l *loop) (checks []check, err error) {
		for _, c := range plan.DiffPlans(l.plan, next) {
			spec, known := next.FindSpec(c.Name)
			p := l.pools[c.Name]
			if c.Action != plan.ActionRestart || !known || p == nil || len(spec.CheckCommand) == 0 {
				continue
			}
			live := slices.IndexFunc(p.workers, func(w *worker) bool {
				return w.rec.Phase.HasProcess() && !w.removing && !w.staysStopped()
			})
			if live >= 0 {
				checks = append(checks, check{p.workers[live], spec})
			}
		}
		return checks, nil
	})
}
