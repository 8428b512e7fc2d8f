// Package lifecycle is the state machine of one worker: which event changes it
// in which phase, what must be done then, and why.
//
// The package is pure. It has no clock, no random source and no I/O: [Next]
// takes a [Record], an [Event] and the time, and returns the next record, the
// actions to perform and the reason. The caller owns the records, performs each
// [Action], and calls Next with an event when [Record.NextDeadline] is reached.
package lifecycle

// Files, in the order in which data travels:
//
//	event.go            Event and Action: the input and the output of the table
//	record.go           Record: what is known of one worker, and its deadlines
//	exit.go             Exit, its class, and the cause of an end
//	state.go            State, which people see, and Phase, the rows of the table
//	table.go            Next and the table: phase × event, every cell
//	up.go               cells of a worker that starts
//	life.go             cells of a worker that is RUNNING
//	down.go             cells of a worker that stops
//	death.go            cells of a process that has ended
//	law.go              the restart policy
//	restored_record.go  a record that an earlier initiator has stored
