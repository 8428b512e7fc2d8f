// Package worker is the worker's end of the contract: a program in ten lines
// that an initiator launches, connects to and hands tasks.
//
//	type Sum struct{ A, B int }
//	type Total struct{ Sum int `json:"sum"` }
//
//	func main() {
//		worker.Main(worker.Handle("sum", func(ctx context.Context, in Sum) (Total, error) {
//			return Total{in.A + in.B}, nil
//		}))
//	}
//
// The files, in the order in which a worker lives:
//
//	main.go       Main and Run: from the process's start to its exit code
//	options.go    Options, which both take
//	start.go      what a worker is given: argv, environment, INI on stdin
//	duration.go   the durations in that INI
//	inherit.go    the descriptors 3 and 4 that it may be born with
//	serve.go      the HTTP server: paths, checks, ping, shutdown
//	session.go    connect, disconnect, and losing the master
//	beat.go       heartbeats, from a goroutine of their own
//	accept.go     POST /task/new
//	stream.go     the stream: many small tasks on one connection
//	direct.go     POST /, the direct door: toto's, and no initiator needed
//	direct_wire.go   … how its calls and answers are written
//	codec.go      … in which serialization
//	chirp.go      chirp_port: libchirp's own nodes
//	executor.go   slots and running tasks; knows nothing of HTTP
//	cancel.go     … ended before their time
//	crew.go       the goroutines that run them
//	execution.go  one task from its start to its outcome
//	context.go    … its context, made when the handler looks at it
//	milestone.go    … and what others may wait for
//	remember.go   finished tasks, so that a repeated request is no second run
//	report.go     PUT /slave/task/complete and fail
//	handler.go    Handle and HandleRaw, which make handlers of functions
//	outcome.go    what an error, a panic or a result becomes on the wire
//	refuse.go     TaskFail, TaskRefuse, ConnectionRefuse, DisconnectionRefuse
//	hooks.go      what a program can do before and after
//	progress.go   Progress and Setting, for use inside a handler
//	output.go     Output: what it writes, for those who watch
//	inside.go     Client: tasks that a handler submits
//
// Programs that call workers directly use the package worker/call.
//
// Who owns what: the goroutine of Run owns the life of the process. Each
// session has one goroutine that beats. A crew of goroutines runs the tasks,
// each from its handler to its report. Heartbeats see the running tasks through
// one atomic cell per slot and so wait for nobody.
package worker
