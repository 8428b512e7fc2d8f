// Package client speaks to a running initiator over its unix socket.
//
// [New] returns a [Client] for the path of a socket, [HTTP] for a URL and a token,
// and [FromContext] for the initiator that launched this worker. Initiator.Client
// returns one for an initiator in the same process. All have the same methods, records
// and errors.
//
// Most programs need one method: [Client.Call] submits a task and returns its record
// once it has ended. [Client.Submit] and [Client.Wait] do the same in two steps, and
// the second step can be done by another process. [Client.SubmitMany] submits many
// tasks in one request. Further methods control workers, pools and the initiator
// itself; the program `initiator` uses them for its verbs.
//
// Many goroutines may use a [Client]. Every method that takes a context returns the
// context's cause when the context ends first; a task that was submitted goes on.
// Methods that return an iterator end it with a pair that has an error.
//
// errors.Is finds the sentinels of package task in the error of a request, and
// [ErrUnknownWorker], [ErrUnreachable] and [ErrClosed]. A refusal is an [*Error], a
// task that did not complete a *task.FailedError, and a lost connection a
// [*LostConnectionError] or an [*OutageError]. A client outlives an outage of its
// initiator: see [ReconnectFor]. [NotifySilence] is for an initiator that is stopped
// or hangs.
package client

// Files, in the order in which a request travels:
//
//	client.go          Client: opened for a socket or a URL, closed
//	from_context.go    FromContext: the client of a handler
//	request.go         one HTTP request and its answer
//	reconnect.go       which errors pass, and how long a request is repeated
//	outage.go          the requests that wait for the initiator, and its notices
//	silence.go         an initiator that accepts connections and answers nothing
//	dial.go            dialSocket, also for a path longer than an address holds
//	errors.go          the errors that a caller meets
//
// the requests over HTTP, which package api answers:
//
//	tasks.go           submit, get, wait, cancel, retry
//	task_list.go       lists of tasks by pages
//	batch.go           SubmitMany: many tasks in one request
//	export_import.go   all tasks as lines of JSON, out and in; Backup
//	task_events.go     Watch and WatchPool: changes of tasks
//	pools.go           pause, resume, retry the tasks of a pool
//	workers.go         list, launch, start, stop, restart, reload, scale, signal, explain
//	events.go          Events: changes of workers; reads server-sent events
//	logs.go            output of workers and of the initiator
//	initiator.go       status, changes, reload, upgrade, shutdown
//
// and the stream:
//
//	typed.go           Call and Submit of a typed method
//	task.go            Task: one task in the shape of DI-engine's
//	call.go            Call: submit and wait, over the stream if there is one
//	shared_stream.go   sharedStream: the stream that all calls of a client share
//	stream.go          taskStream: opened, opened again after a failure, closed
//	stream_request.go  the requests of a stream
//	future.go          future and taskReply: what a call waits for
//	stream_reply.go    the replies on a stream, and how they settle futures
