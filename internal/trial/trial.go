// Package trial connects package worker with package workertest, which runs handlers
// without a process: neither needs an exported name for it.
package trial

// Files:
//
//	trial.go  Trial, Outcome, and the functions that package worker provides

import (
	"context"
	"encoding/json"
	"io"
)

// Trial is one attempt at a task without an initiator.
type Trial struct {
	// Parent is the parent of the attempt's context.
	Parent context.Context
	// Task is a worker.Task.
	Task any
	// Handler is a worker.Handler; Begin takes none.
	Handler any
	// Setting returns a key of the worker's section.
	Setting func(key string) (string, bool)
	// Log gets what the worker logs.
	Log io.Writer
}

// Outcome is how a handler ended, and what it did until then.
type Outcome struct {
	// Completed, Retry, Released and Result are what an initiator is told.
	Completed, Retry, Released bool
	Result                     json.RawMessage
	// Err is the error that decided; nil = the task completed.
	Err      error
	Progress []json.RawMessage
	Output   string
}

// The functions are set when package worker is imported.
var (
	// Begin returns the context of an attempt. The attempt ends with end.
	Begin func(t Trial) (ctx context.Context, end func())
	// Run runs a handler as a worker does. The error says that the handler cannot
	// be served.
	Run func(t Trial) (Outcome, error)
	// Stop tells the handlers of the worker of ctx that it stops; a second Stop ends
	// their contexts. It reports whether ctx is of a trial.
	Stop func(ctx context.Context) bool
)
