package workertest

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/internal/trial"
	"initiator/worker"
)

// Option sets what a handler finds in its context.
type Option func(*options)

type options struct {
	task     worker.Task
	settings map[string]string
}

// WithTask sets the task. An empty ID becomes a random ID, and Attempt 0 becomes 1.
// Run sets Method and Data.
func WithTask(t worker.Task) Option { return func(o *options) { o.task = t } }

// WithSetting sets a key of the worker's section, as worker.Setting reads it.
func WithSetting(key, value string) Option {
	return func(o *options) { o.settings[strings.ToLower(key)] = value }
}

// makeTrial returns an attempt that belongs to the test.
func makeTrial(t testing.TB, list []Option) trial.Trial {
	o := options{settings: map[string]string{}}
	for _, apply := range list {
		apply(&o)
	}
	if o.task.ID == "" {
		o.task.ID = uuid.NewString()
	}
	if o.task.Attempt == 0 {
		o.task.Attempt = 1
	}
	return trial.Trial{
		Parent: t.Context(), Task: o.task, Log: t.Output(),
		Setting: func(key string) (string, bool) {
			value, ok := o.settings[strings.ToLower(key)]
			return value, ok
		},
	}
}
