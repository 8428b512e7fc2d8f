// Package lifecycle is the state machine of one worker: which event changes it
// in which phase, what must be done then, and why.
//
// The package is pure. It has no clock, no random source and no I/O: [Next]
// takes a [Record], an [Event] and the time, and returns the next record, the
// actions to perform and the reason. The caller owns the records, performs each
// [Action] in order, and applies DeadlinePassed when [Record.NextDeadline] is
// reached. What an action leads to comes back as another event.
package lifecycle

// Files, in the order in which data travels:
//
//	event.go            Event and Action: the input and the output of the table
//	record.go           Record: what is known of one worker, and its deadlines
//	exit.go             Exit, its class, and the cause of an end
//	state.go            State, which people see, and Phase, the rows of the table
//	table.go            Next and the table: phase × event, every cell
//	starting.go         cells of a worker that starts
//	readiness.go        what a worker that is not ready has not done
//	running.go          cells of a worker that is RUNNING
//	main_process.go     cells of a main process that another process replaces
//	stopping.go         cells of a worker that stops
//	ended.go            cells of a process that has ended
//	leave.go            whether what a worker leaves is ended with it
//	gap.go              time-outs after a time during which the supervisor did not run
//	death_history.go    DeathHistory: what the restart policy remembers
//	restart_policy.go   whether and when a worker that has died is started again
//	plain_program.go    advice for a program that does not know the contract
//	session.go          Session: what the dispatcher and an incarnation have agreed on
//	restored_record.go  a record that an earlier initiator has stored
