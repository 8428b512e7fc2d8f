// Package dispatch gives tasks to workers and records their results.
//
// A [Dispatcher] belongs to one initiator. [New] makes it over a queue, and
// [Dispatcher.Run] runs it. Callers submit tasks and wait for them with the
// methods of the Dispatcher. The supervisor attaches each worker that is ready,
// drains it, and detaches it when its process has ended; the dispatcher reports
// to the supervisor through a [WorkerObserver]. Webhooks hand over what workers
// send: heartbeats and results.
//
// One goroutine, the loop, owns every connection, slot and task. Other
// goroutines send it messages. In each round the loop takes all waiting
// messages, changes its state, and hands the changes to the queue as one
// commit. No change is reported before the queue has committed it.
package dispatch

// Files, in the order in which a task travels:
//
//	dispatcher.go      Dispatcher: the loop and its rounds
//	options.go         Options, WorkerObserver
//	message.go         message: what other goroutines send the loop
//	loop_request.go    askLoop: a message with one answer
//	pools.go           Pool: pools, POOL.METHOD, pause
//	submit.go          Submit, SubmitMany
//	worker_tasks.go    WorkerTasks: what a worker may request with its own token
//	call.go            Call: submit and wait with one message
//	async.go           SubmitAsync, WaitAsync: results go to a callback
//	waiter.go          Wait: the callers that wait for the end of a task
//	lookup.go          Get, CountTasks, StorageFault
//	list.go            SelectTasks, List, OpenTask, EachTask: pages of tasks
//	cancel.go          Cancel: a task and its children
//	retry.go           Retry, RetryAll
//	export.go          Export, Import, Snapshot: tasks to and from another queue, and to a backup
//	assign.go          which task goes to which worker
//	load_balancer.go   the worker with most free slots, round robin among equals
//	suspects.go        tasks that may have ended their worker run in a trial worker
//	isolation.go       tasks that must not run beside a crash suspect
//	attempt.go         attempt: one try at a task in a worker
//	transport.go       transport: how a task reaches a worker, and its result
//	webhook_transport.go      over HTTP, one POST a task
//	worker_stream.go          over a stream: sending
//	worker_stream_receive.go  over a stream: receiving
//	attempt_result.go  what the loop does with the result of a transport
//	refusal.go         a worker did not take a task
//	body_budget.go     how much of a worker's results and heartbeats is received at a time
//	report.go          RecordResult: a result that comes by webhook
//	lease_end.go       the end of an attempt, and whether it is charged
//	stop.go            timeouts, cancels, and tasks that do not stop
//	gap.go             time-outs after a time in which the initiator did not run
//	progress.go        tasks that make no progress
//	output.go          what running tasks write
//	commit.go          effects: what happens after the queue's commit
//	subscription.go    Subscription: the events of a task or a pool
//	subscribers.go     which subscription gets which event
//	callback_queue.go  which callback is sent when
//	callback_sender.go the request of a callback, and its signature
//
// and in the order in which a connection to a worker lives:
//
//	attach.go              AttachWorker, DrainWorker, DetachWorker
//	worker_conn.go         workerConn: a worker as the loop sees it
//	worker_session.go      workerSession: heartbeats without the loop
//	connect.go             POST /connect until the worker accepts
//	session_check.go       whether a worker has lost its master
//	resume.go              workers that outlived an earlier initiator
//	worker_stream_open.go  opening a stream, and again when it breaks
//	heartbeat_limits.go    how large a heartbeat may be, and its conversion
//	stale_attempts.go      attempts that a worker runs and that are not its own
//	heartbeats.go          overdue workers, renewed and lapsed leases
