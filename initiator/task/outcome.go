package task

// Outcome says how an attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	// OutcomeCompleted means that the handler returned a result.
	OutcomeCompleted Outcome = "completed"
	// OutcomeFailed means that the handler failed and does not allow another attempt.
	OutcomeFailed Outcome = "failed"
	// OutcomeRetry means that the handler failed and allows another attempt.
	OutcomeRetry Outcome = "failed_retry"
	// OutcomeSnoozed means that the handler asked to run again later. It costs no
	// attempt.
	OutcomeSnoozed Outcome = "snoozed"
	// OutcomeRefused means that every worker refused the task. It costs no attempt.
	OutcomeRefused Outcome = "refused"
	// OutcomeTimedOut means that the attempt ran longer than its timeout.
	OutcomeTimedOut Outcome = "timed_out"
	// OutcomeStuck means that the attempt reported no progress for its progress timeout.
	OutcomeStuck Outcome = "stuck"
	// OutcomeLost means that the worker ended by itself while it ran this task alone, or
	// it does not know the task any more.
	OutcomeLost Outcome = "lost"
	// OutcomeSuspected means that the worker ended by itself while it ran several tasks,
	// and this task is one of them. It costs no attempt.
	OutcomeSuspected Outcome = "suspected"
	// OutcomeReleased means that the initiator ended the worker for another reason than
	// this task, for example to stop or restart it. It costs no attempt.
	OutcomeReleased Outcome = "released"
	// OutcomeInterrupted means that the initiator, the keeper or the machine ended while
	// the task ran. It costs no attempt; after MaxInterruptions the task is
	// dead.
	OutcomeInterrupted Outcome = "interrupted"
	// OutcomeCancelled means that a caller cancelled the task.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeDeadline means that the deadline of the task passed.
	OutcomeDeadline Outcome = "deadline"
)

// MaxInterruptions is the number of interrupted attempts after which a task is
// dead. A task that ends the initiator itself, for example by using up the
// memory of the machine, must not do so for ever.
const MaxInterruptions = 10
