package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

// workerWatcher watches the workers during the wait for a task. It reports
// which workers are ready, and ends the wait when no worker can run the task.
type workerWatcher struct {
	client *client.Client
	pool   string
	// temporary: the initiator was started by this command. What happens to its
	// workers is reported.
	temporary bool
	note      func(format string, args ...any)
	// patient: a worker that a person has stopped is waited for.
	patient bool
	began   map[string]time.Time // when each worker was last started
}

// newWorkerWatcher returns a watcher for the tasks of a run in a pool.
func (r *runner) newWorkerWatcher(pool string) *workerWatcher {
	return &workerWatcher{client: r.client, pool: pool, temporary: r.temporary, note: r.printNote}
}

// watchWorkers returns when ctx ends, or when the initiator does not come back. That
// is not reported: the wait for the task then fails as well.
func (w *workerWatcher) watchWorkers(ctx context.Context, giveUp context.CancelCauseFunc) {
	w.began = map[string]time.Time{}
	changed := make(chan bool, 1) // whether a stopped worker is given up
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		w.checkWorkers(ctx, changed, giveUp)
	}()
	since := client.Now
	if w.temporary {
		since = 0
	}
	notify := func(stoppedCounts bool) {
		select {
		case changed <- stoppedCounts && !w.patient:
		default: // a check is pending
		}
	}
	notify(!w.temporary)
	for {
		for t, err := range w.client.Events(ctx, since) {
			if w.temporary && err == nil {
				w.printTransition(t)
			}
			notify(!w.temporary)
		}
		if w.temporary || ctx.Err() != nil || w.client.Reconnect(ctx) != nil {
			break
		}
		notify(false) // the next initiator may be about to start its workers
	}
	close(changed)
	<-checked
}

// printTransition reports the change of a worker of a temporary initiator.
func (w *workerWatcher) printTransition(t report.Event) {
	switch {
	case t.To == report.Starting && t.From != report.Starting:
		w.began[t.GUID] = t.At
	case t.To == report.Running && t.Ready:
		w.note("%s %s ready%s after %s (pid %d)", t.Name, terminal.ShortGUID(t.GUID), terminal.PortText(" on port %d", t.Port), terminal.FormatElapsed(t.At.Sub(w.began[t.GUID])), t.PID)
	case t.To == report.Backoff, t.To == report.Fatal:
		w.note("%s %s %s: %s", t.Name, terminal.ShortGUID(t.GUID), t.To, t.Reason)
	}
}

// checkWorkers looks at the workers after each change, unless the initiator is about
// to end: the next initiator starts them again.
func (w *workerWatcher) checkWorkers(ctx context.Context, changed <-chan bool, giveUp context.CancelCauseFunc) {
	for stoppedCounts := range changed {
		s, err := w.client.Status(ctx)
		if err != nil || s.Stopping {
			continue
		}
		if why := unrecoverable(w.pool, s.Workers, stoppedCounts); len(why) > 0 {
			giveUp(&cli.Fault{Code: cli.ExitInternal, Err: errors.New("no worker can take the task: " + strings.Join(why, "; ")), NextStep: w.nextStep(ctx)})
			return
		}
	}
}

// nextStep returns what to do when no worker can be started: with a temporary
// initiator, the last output of the pool.
func (w *workerWatcher) nextStep(ctx context.Context) string {
	switch {
	case w.patient:
		return "the task was not cancelled; `initiator why " + w.pool + "` says why its workers fail"
	case !w.temporary:
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
