// Package worker turns a program into a worker: a process that an initiator
// launches, connects to and gives tasks.
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
// [Main] serves the handlers until the process is asked to end, and [Run] does
// the same inside another program. A handler reports its progress with
// [Progress], reads its settings with [Setting], learns from [Stopping] that its
// worker stops, and submits further tasks with FromContext of package
// initiator/client. A program that calls workers without an initiator uses the
// package worker/call.
//
// The protocol is in docs/worker-contract.md.
//
// The goroutine of Run owns the life of the process. Each session with a master
// has one goroutine that sends heartbeats. A pool of goroutines runs the tasks;
// a goroutine of the pool runs a task from its handler to its report. Heartbeats
// read the running tasks through one atomic pointer per slot, so that they wait
// for no lock.
package worker

// The files, in the order in which a worker lives:
//
//	main.go              Main and Run: from the process's start to its exit code
//	options.go           Options of both
//	start_config.go      arguments, environment and the INI on stdin
//	section_reader.go    the keys of the worker's own section
//	passed_fds.go        the descriptors 3 and 4 that may be passed to the process
//	passed_fds_*.go what each system knows of descriptors
//	broken_pipe.go       writing to stdout when its reader has died
//	serve.go             the HTTP server: paths, checks, ping, shutdown
//	conn_kind.go         who is at the other end of a connection
//	sender_bodies.go     how much memory the bodies of one sender take
//	web_page.go          requests that a page in a browser has caused
//	session.go           connect, disconnect, and the loss of the master
//	hooks.go             functions of the program around connections and tasks
//	heartbeat.go         heartbeats
//	task_new.go          POST /task/new
//	stream.go            the stream: many small tasks on one connection
//	direct.go            POST /, the direct listener
//	direct_wire.go       the calls and answers of the direct listener
//	codec.go             the serialization of a direct call
//	chirp.go             chirp_port: a listener for nodes of libchirp
//	executor.go          slots and running tasks; knows nothing of HTTP
//	running_tasks.go     the list of running tasks in a heartbeat
//	cancel.go            cancelling and abandoning tasks
//	stopping.go          Stopping and ErrStopping: from the notice to the end of Run
//	goroutine_pool.go    the goroutines that run tasks
//	execution.go         one task, from its start to its outcome
//	task_context.go      the context of a task, made at its first use
//	once.go              an event that other goroutines may wait for
//	handler.go           Handle, Implement and HandleRaw
//	middleware.go        Middleware, functions around a handler
//	progress.go          Progress, TaskFromContext and Setting, for handlers
//	output.go            Output: text for people who watch a task
//	refusals.go          TaskFail, TaskRefuse, ConnectionRefuse, DisconnectionRefuse
//	retry_errors.go      Permanent, RetryAfter and Snooze
//	error_meaning.go     what a handler's error means: reason, data, retry, delay
//	outcome.go           how a task ended
//	failure.go           the outcome of an error, for a master and for a direct caller
//	finished_tasks.go    outcomes that a repeated request gets
//	trial.go             a handler without a process, for package workertest
//	report.go            PUT /slave/task/complete and fail
