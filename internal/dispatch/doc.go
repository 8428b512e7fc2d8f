// Package dispatch brings tasks to workers and their results home.
//
// One goroutine, the loop, owns every connection, slot and task; all others
// send it messages. A task travels through these files:
//
//	dispatcher.go  the loop: take all messages, change, commit, then tell
//	message.go     what the loop can be told
//	callers.go     submit, get, list, cancel, retry: the messages of callers
//	batch.go       … many submits in one
//	elsewhere.go   … all that there is, out to another queue, or in from one
//	wait.go        who waits for which task
//	watch.go       who wants to see what becomes of one, or of all in a pool
//	call.go        submit and wait in one question
//	begin.go       … for those who have no goroutine to wait with
//	assign.go      which task goes to which worker now
//	run.go         one attempt in a worker
//	balance.go     the worker with most free slots, in turn among equals
//	transport.go   how it gets there: stream or webhook
//	line.go        … over the stream: giving, and hearing what became of it
//	webhook.go     … over HTTP, one POST a task
//	commit.go      who is told what, once the queue has kept it
//	result.go      what became of it: outcomes, refusals, timeouts
//	family.go      a task's children: born while it runs, cancelled with it
//	progress.go    tasks that get stuck, and who had to suffer for it
//	output.go      what tasks write, for those who watch
//	pause.go       pools that rest
//	revive.go      many dead tasks at once
//	callback.go    who is to be told of an end, and when again
//	caller.go      … the telling, signed
//
// and a connection through these:
//
//	peer.go     a worker as dispatch sees it: attach, drain, detach
//	connect.go  POST /connect until the worker has said yes
//	resume.go   a worker that has outlived another dispatcher
//	line_open.go  its stream: opened, opened again, or done without
//	session.go  what webhooks of a worker touch without asking the loop
//	beats.go    heartbeats → verdicts, and leases that lapse
//
// Nobody is told of a change before the queue has committed it.
package dispatch
