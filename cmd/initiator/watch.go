package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"initiator/initiator/api/client"
	"initiator/initiator/supervise"
)

// watcher looks after the workers while a task is waited for: it says which
// came up, and ends the wait when none will.
type watcher struct {
	*runner
	pool  string
	began map[string]time.Time // when each worker was last started
}

// watch returns when ctx ends. A broken stream is no news: the wait itself
// breaks as well.
func (w *watcher) watch(ctx context.Context, giveUp context.CancelCauseFunc) {
	w.began = map[string]time.Time{}
	changed := make(chan struct{}, 1)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		w.check(ctx, changed, giveUp)
	}()
	since := client.Now
	if w.alone {
		since = 0
	}
	nudge := func() {
		select {
		case changed <- struct{}{}:
		default: // it looks at all of them anyway
		}
	}
	nudge()
	_ = w.client.Events(ctx, since, true, func(t supervise.Transition) error {
		if w.alone {
			w.tellOf(t)
		}
		nudge()
		return nil
	})
	close(changed)
	<-checked
}

// tellOf says what became of a worker that was started for this task.
func (w *watcher) tellOf(t supervise.Transition) {
	switch {
	case t.To == supervise.Starting && t.From != supervise.Starting:
		w.began[t.GUID] = t.At
	case t.To == supervise.Running && t.Ready:
		w.say("%s %s ready on port %d after %s (pid %d)", t.Name, short(t.GUID), t.Port, took(t.At.Sub(w.began[t.GUID])), t.PID)
	case t.To == supervise.Backoff, t.To == supervise.Fatal:
		w.say("%s %s %s: %s", t.Name, short(t.GUID), t.To, t.Reason)
	}
}

// check looks at the workers whenever something has changed.
func (w *watcher) check(ctx context.Context, changed <-chan struct{}, giveUp context.CancelCauseFunc) {
	for range changed {
		list, err := w.client.Workers(ctx)
		if err != nil {
			continue
		}
		if why := hopeless(w.pool, list, !w.alone); len(why) > 0 {
			giveUp(&fault{code: exitOwn, err: errors.New("no worker can take the task: " + strings.Join(why, "; ")), next: w.advice(ctx, list)})
			return
		}
	}
}

// advice is what to do when no worker can come up.
func (w *watcher) advice(ctx context.Context, list []supervise.Worker) string {
	if !w.alone {
		return "`initiator start " + w.pool + "` starts them; `initiator logs --stream stderr " + w.pool + "` shows what they said"
	}
	for _, worker := range list {
		if text := w.lastWords(ctx, worker); worker.Name == w.pool && text != "" {
			return "the last that it wrote to stderr:\n" + text
		}
	}
	return "`initiator check` shows what would be started"
}
