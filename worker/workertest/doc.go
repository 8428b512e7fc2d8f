// Package workertest calls handlers in a unit test, without a process.
//
//	func TestResize(t *testing.T) {
//		got := workertest.Run(t, resize, map[string]int{"width": 7}, workertest.WithSetting("quality", "80"))
//		if !got.Completed { … }
//	}
//
// Run runs a handler exactly as a worker does: it decodes the data, calls the
// middleware, catches a panic, and decides whether the error is tried again. Only the
// context is of the test: what the handler reports goes into the Result, and the
// worker's log into the log of the test. Context gives such a context to a test that
// calls a function itself.
//
// To run handlers in real processes with an initiator, with retries and several
// workers, use initiatortest.StartHandlers.
package workertest

// Files:
//
//	run.go      Run and its Result
//	context.go  Context and Stop
//	options.go  Option: the task and the settings of a context
