package worker

import (
	"context"
	"encoding/json"
)

type runKey struct{}

type settingsKey struct{}

// Progress tells the master that the task of ctx moves on, and how far it is:
// at once where there is a stream, and with the next heartbeat. Call it as often
// as you like: what comes too fast is left out, but for the last value. A value that is not JSON counts as movement without a value.
// Outside a task it does nothing.
func Progress(ctx context.Context, value any) {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return
	}
	raw, err := json.Marshal(value)
	if err == nil {
		run.progress.Store(&raw)
	}
	if seq := run.seq.Add(1); err == nil {
		run.sendProgressNow(seq, raw)
	}
}

// TaskOf returns the task that ctx belongs to: its id, method and attempt.
func TaskOf(ctx context.Context) (Task, bool) {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return Task{}, false
	}
	return run.Task, true
}

// Setting returns a key of the worker's own section of the INI on stdin, which
// is where the keys of [config:NAME] arrive. It works with the contexts of
// handlers and hooks.
func Setting(ctx context.Context, key string) (string, bool) {
	get, ok := ctx.Value(settingsKey{}).(func(string) (string, bool))
	if !ok || get == nil {
		return "", false
	}
	return get(key)
}
