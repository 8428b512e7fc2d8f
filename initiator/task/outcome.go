package task

// Outcome says how an attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	// OutcomeCompleted: the handler returned a result.
	OutcomeCompleted Outcome = "completed"
	// OutcomeFailed: the handler failed and does not allow another attempt.
	OutcomeFailed Outcome = "failed"
	// OutcomeRetry: the handler failed and allows another attempt.
	OutcomeRetry Outcome = "failed_retry"
	// OutcomeRefused: every worker refused the task. It costs no attempt.
	OutcomeRefused Outcome = "refused"
	// OutcomeTimedOut: the attempt ran longer than its timeout.
	OutcomeTimedOut Outcome = "timed_out"
	// OutcomeStuck: the attempt reported no progress for its progress timeout.
	OutcomeStuck Outcome = "stuck"
	// OutcomeLost: the worker ended, or does not know the task any more.
	OutcomeLost Outcome = "lost"
	// OutcomeReleased: the worker was ended for another reason than this task.
	// It costs no attempt.
	OutcomeReleased Outcome = "released"
	// OutcomeCancelled: a caller cancelled the task.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeDeadline: the deadline of the task passed.
	OutcomeDeadline Outcome = "deadline"
)
