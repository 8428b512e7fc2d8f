// Package task defines the types with which callers, workers and the initiator
// describe a unit of work.
//
// A caller describes a task with a [Request]. The initiator keeps a record of
// it, a [Task], from the submit to the end of its retention. A task is in one
// [State] at a time; each try to run it is an [Attempt], which ends with an
// [Outcome]. An [Event] reports a change.
//
// The types are the JSON of the initiator's HTTP interface: they are encoded
// and decoded with encoding/json as they are.
package task

// Files, in the order in which a task travels:
//
//	request.go   Request, the description of a new task
//	id.go        NewID, the id of a new task
//	method.go    SplitMethod, POOL and METHOD of a name
//	typed_method.go Method, a name with the types of data and result
//	task.go      Task, the record; its State, Policy and Attempts
//	outcome.go   Outcome, how an attempt ended
//	suspicion.go Suspicion, the mark of a task that may have ended a worker
//	output.go    Output, what a running task writes
//	event.go     Event, a change of a task
//	filter.go    Filter and Counts, to find and count tasks
//	seconds.go   Seconds, a duration in JSON
//	errors.go    the errors that callers compare with
