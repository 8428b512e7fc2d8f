package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// workerWatcher watches the workers during the wait for a task. It reports
// which workers are ready, and ends the wait when no worker can run the task.
type workerWatcher struct {
	*runner
	pool  string
	began map[string]time.Time // when each worker was last started
}

// watchWorkers returns when ctx ends. A broken stream of events is not
// reported: the wait for the task then breaks as well.
func (w *workerWatcher) watchWorkers(ctx context.Context, giveUp context.CancelCauseFunc) {
	w.began = map[string]time.Time{}
	changed := make(chan struct{}, 1)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		w.checkWorkers(ctx, changed, giveUp)
	}()
	since := client.FromNow
	if w.temporary {
		since = 0
	}
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // a check is pending
		}
	}
	notify()
	_ = w.client.Events(ctx, since, true, func(t supervise.Transition) error {
		if w.temporary {
			w.printTransition(t)
		}
		notify()
		return nil
	})
	close(changed)
	<-checked
}

// printTransition reports the change of a worker of a temporary initiator.
func (w *workerWatcher) printTransition(t supervise.Transition) {
	switch {
	case t.To == lifecycle.Starting && t.From != lifecycle.Starting:
		w.began[t.GUID] = t.At
	case t.To == lifecycle.Running && t.Ready:
		w.printNote("%s %s ready%s after %s (pid %d)", t.Name, terminal.ShortGUID(t.GUID), terminal.PortText(" on port %d", t.Port), terminal.FormatElapsed(t.At.Sub(w.began[t.GUID])), t.PID)
	case t.To == lifecycle.Backoff, t.To == lifecycle.Fatal:
		w.printNote("%s %s %s: %s", t.Name, terminal.ShortGUID(t.GUID), t.To, t.Reason)
	}
}

// checkWorkers looks at the workers after each change.
func (w *workerWatcher) checkWorkers(ctx context.Context, changed <-chan struct{}, giveUp context.CancelCauseFunc) {
	for range changed {
		list, err := w.client.Workers(ctx)
		if err != nil {
			continue
		}
		if why := unrecoverable(w.pool, list, !w.temporary); len(why) > 0 {
			giveUp(&cli.Fault{Code: cli.ExitInternal, Err: errors.New("no worker can take the task: " + strings.Join(why, "; ")), NextStep: w.nextStep(ctx)})
			return
		}
	}
}

// nextStep returns what to do when no worker can be started: with a temporary
// initiator, the last output of the pool.
func (w *workerWatcher) nextStep(ctx context.Context) string {
	if !w.temporary {
		return "`initiator start " + w.pool + "` starts them; `initiator logs " + w.pool + "` shows their output"
	}
	answers, _ := w.client.Why(ctx, w.pool) // without it there is still the last sentence below
	for _, answer := range answers {
		if len(answer.LastOutput) > 0 {
			return "its last output:\n" + strings.TrimRight(terminal.IndentLines(answer.LastOutput), "\n")
		}
	}
	return "`initiator check` shows what would be started"
}
