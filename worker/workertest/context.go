package workertest

import (
	"context"
	"testing"

	"initiator/internal/trial"
)

// Context returns the context of a handler, in which the functions of package worker
// work: TaskFromContext, Setting, Progress, Output and Stopping. It ends with the test,
// and at the deadline of its task. The task has an id and is at its first attempt
// unless WithTask says otherwise. What is reported is dropped; Run keeps it.
func Context(t testing.TB, o ...Option) context.Context {
	t.Helper()
	ctx, end := trial.Begin(makeTrial(t, o))
	t.Cleanup(end)
	return ctx
}

// Stop tells a handler that its worker stops: worker.Stopping(ctx) is closed. A second
// Stop ends the context with the cause worker.ErrStopping, as a worker does when the
// handler takes longer than the worker has. It panics when ctx is not of Context or
// Run, nor derived from one of theirs.
func Stop(ctx context.Context) {
	if !trial.Stop(ctx) {
		panic("workertest.Stop: the context is not of workertest.Context or workertest.Run")
	}
}
