package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

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
func (s *Supervisor) checkNamed(ctx context.Context, names []string) (refused []report.Result, err error) {
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
			refused = append(refused, report.Result{Worker: w.makeView(), Error: failed.Error()})
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
			if c.Action != report.ActionRestart || !known || p == nil || len(spec.CheckCommand) == 0 {
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
