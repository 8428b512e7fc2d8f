package supervise

import (
	"context"
	"fmt"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// ReloadWorkers lets the named workers read their configuration again: it runs
// reload_command or sends reload_signal. Their check_command runs first; when one
// fails, nothing is changed. The Result of a worker that does not run, or has
// neither key, has an Error.
func (s *Supervisor) ReloadWorkers(ctx context.Context, names ...string) ([]report.Result, error) {
	if refused, err := s.checkNamed(ctx, names); err != nil || refused != nil {
		return refused, err
	}
	return s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		if l.stopping {
			return nil, ErrStopping
		}
		chosen, err := l.chooseStaying(names)
		if err != nil {
			return nil, err
		}
		return l.reloadWorkers(chosen), nil
	})
}

// reloadWorkers lets workers read their configuration again. The waiter gets
// their results.
func (l *loop) reloadWorkers(workers []*worker) *waiter {
	x := &waiter{results: make([]report.Result, len(workers)), left: len(workers), done: make(chan struct{})}
	if len(workers) == 0 {
		close(x.done)
	}
	for i, w := range workers {
		l.reloadWorker(w, func(note, problem string) {
			x.results[i] = report.Result{Worker: w.makeView(), Note: note, Error: problem}
			if x.left--; x.left == 0 {
				close(x.done)
			}
			l.logReload(w, note, problem)
		})
	}
	return x
}

// reloadWorker calls done once, with what was done or with the reason why not.
func (l *loop) reloadWorker(w *worker, done func(note, problem string)) {
	spec := w.rec.Spec
	switch {
	case !w.canReload():
		done("", fmt.Sprintf("it is %s: only a running worker can read its configuration again", w.rec.State()))
	case len(spec.ReloadCommand) > 0:
		l.startCommand(w, spec, "reload_command", spec.ReloadCommand, func(problem string) {
			if problem != "" {
				done("", problem)
				return
			}
			done("its reload_command has succeeded", "")
		})
	case spec.ReloadSignal != "":
		if err := l.sendReloadSignal(w); err != nil {
			done("", err.Error())
			return
		}
		done(fmt.Sprintf("%s sent to pid %d (reload_signal)", spec.ReloadSignal, w.rec.PID), "")
	default:
		done("", fmt.Sprintf("it has no reload_signal and no reload_command; `initiator restart %s` gives it a new process", spec.Name))
	}
}

// canReload reports whether the worker has a process that is not being ended.
func (w *worker) canReload() bool { return w.rec.PID != 0 && w.rec.Phase <= lifecycle.PhaseUnready }

// sendReloadSignal sends reload_signal to a worker that runs.
func (l *loop) sendReloadSignal(w *worker) error {
	if l.keeper == nil {
		return fmt.Errorf("the keeper is being replaced: try again")
	}
	return l.signalWorker(w, signalNumber(w.rec.Spec.ReloadSignal), report.SignalByRule)
}

func (l *loop) logReload(w *worker, note, problem string) {
	if problem != "" {
		l.log.Warn("worker not reloaded", "worker", w.pool.spec.Name, "guid", w.guid, "reason", problem)
		return
	}
	l.log.Info("worker reloaded", "worker", w.pool.spec.Name, "guid", w.guid, "how", note)
}
