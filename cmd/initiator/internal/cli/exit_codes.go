package cli

// The exit codes of the program.
const (
	ExitOK            = 0
	ExitFailed        = 1   // the task failed, is dead or was cancelled
	ExitUsage         = 2   // usage, data over the limit, or a bad INI
	ExitNotRunning    = 3   // of status: not everything is running
	ExitStatusUnknown = 4   // of status: the state is unknown
	ExitTimeout       = 124 // a timeout, a deadline, or --wait is over
	ExitInternal      = 125 // the initiator itself failed
	ExitRefused       = 126 // the queue is full
	ExitNotFound      = 127 // no such pool or worker
	ExitSignalBase    = 128 // plus the signal
)
