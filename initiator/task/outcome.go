package task

// Outcome says how an attempt ended.
type Outcome string

// The ends of an attempt.
const (
	// Succeeded: the handler answered.
	OutcomeCompleted Outcome = "completed"
	// OutcomeFailed: the handler failed and does not want to be asked again.
	OutcomeFailed Outcome = "failed"
	// OutcomeRetry: the handler failed and says that another try may help.
	OutcomeRetry Outcome = "failed_retry"
	// Refused: no worker would take it now. Costs no attempt.
	OutcomeRefused Outcome = "refused"
	// OutcomeTimedOut: the attempt took longer than its timeout.
	OutcomeTimedOut Outcome = "timed_out"
	// Stuck: the attempt made no progress for its progress timeout.
	OutcomeStuck Outcome = "stuck"
	// Lost: the worker ended, or no longer knows the task.
	OutcomeLost Outcome = "lost"
	// Released: its worker had to go for another reason than this task.
	// Costs no attempt.
	OutcomeReleased Outcome = "released"
	// OutcomeCancelled: somebody asked for it.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeDeadline: the task's own deadline.
	OutcomeDeadline Outcome = "deadline"
)
