// Package report defines what an initiator reports about its workers, their logs
// and events, its pools and itself.
//
// A [Worker] is what is known of one worker, with its [State] and its last
// [Exit]; an [Event] is one change of it. [Status] describes the initiator.
// Package client returns these types; they are the JSON of the initiator's HTTP
// interface and are encoded and decoded with encoding/json as they are. Tasks
// have a package of their own, task.
package report

// Files:
//
//	worker.go        Worker: what is known of one worker
//	state.go         State: a worker's state
//	exit.go          Exit: how a process ended
//	event.go         Event: a change of a worker
//	answer.go        Result and Explanation: answers about one worker
//	signal_target.go SignalTarget: whom a signal to a worker reaches
//	left_process.go  LeftProcess: a process that no worker has
//	logs.go          LogQuery and LogLine: the output of workers
//	pool.go          Pool: a pool and the number of its tasks
//	changes.go       Changes: what a reload would do, or did
//	status.go        Status: the initiator, and its Problems
//	task_check.go    TaskCheck: damage of the task files
