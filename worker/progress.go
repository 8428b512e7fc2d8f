package worker

import (
	"context"
	"fmt"

	"initiator/internal/bounds"
)

type runKey struct{}

type settingsKey struct{}

// Progress reports the progress of the task that ctx belongs to. With a stream
// the master gets the value at once; without a stream it gets the value with
// the next heartbeat. Progress may be called at any rate: values in quick
// succession are skipped, except the last one before a heartbeat. A value that
// cannot be encoded as JSON, or has more than 1 MiB, counts as progress without
// a value: it is logged once with the task's id, and the task goes on. Outside a
// task Progress does nothing.
func Progress(ctx context.Context, value any) {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return
	}
	raw, err := encodeJSON(value)
	if err == nil && len(raw) > bounds.Progress {
		err = fmt.Errorf("it has %s; at most %s are allowed", sizeText(len(raw)), sizeText(bounds.Progress))
	}
	if err != nil {
		run.seq.Add(1)
		if run.progressFault.CompareAndSwap(false, true) {
			run.executor.log.Warn("a progress value of a task is not sent; the task goes on", "task", run.Task.ID, "attempt", run.Task.Attempt, "error", err)
		}
		return
	}
	run.progress.Store((*[]byte)(&raw))
	run.executor.recorder.addProgress(raw)
	run.sendProgressNow(run.seq.Add(1), raw)
}

// TaskFromContext returns the task that ctx belongs to. ok is false outside a task.
func TaskFromContext(ctx context.Context) (Task, bool) {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return Task{}, false
	}
	return run.Task, true
}

// Setting returns the value of a key of the worker's own section in the INI on
// stdin, which includes the keys of [config:NAME]. ctx is the context of a
// handler or a hook. ok is false when the section lacks the key.
func Setting(ctx context.Context, key string) (string, bool) {
	get, ok := ctx.Value(settingsKey{}).(func(string) (string, bool))
	if !ok || get == nil {
		return "", false
	}
	return get(key)
}
