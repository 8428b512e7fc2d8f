package lifecycle

import (
	"time"

	"initiator/initiator/report"
)

// EventKind is a column of the table: everything that can happen to a worker.
type EventKind int

// The kinds. The loop makes them, except the kinds that the dispatcher reports.
const (
	StartRequested      EventKind = iota // the worker should run
	StopRequested                        // the worker should not run
	RestartRequested                     // the worker should get a new process
	KillRequested                        // the worker should end at once, without a drain or a stop signal
	DependenciesMet                      // every dependency (`after`) is met
	DependenciesMissing                  // Reason names the dependencies that are not met
	DeadlinePassed                       // the deadline of the record has passed

	ProcessSpawned // the process runs: PID
	SpawnFailed    // there is no process: Reason
	ProcessExited  // the main process ended: Exit, Left
	MainExited     // the main process ended, and another process of the worker may take its place: Exit; Reason names the pidfile
	MainReplaced   // another process of the worker is its main process: PID; Reason names the pidfile
	ProcessesGone  // no process of the incarnation is left: EmptyProven
	KeeperLost     // the keeper died, and the worker's processes with it

	PortOwned       // the listening socket belongs to the worker (ding: its connect proves the rest)
	ReadinessProven // the worker is ready
	NotReadyYet     // a probe says why the worker is not ready yet: Reason
	StartExtended   // the worker asked for more time to start: Extension
	StopAnnounced   // the worker reported that it is stopping
	WatchdogBeat    // the worker sent WATCHDOG=1
	StatusReported  // the worker sent a status line: Reason
	ProbeFailed     // a liveness probe failed: Reason
	ProbePassed     // a liveness probe succeeded after a failure

	// Connected: the worker accepted the dispatcher's connect.
	Connected
	// ConnectRefused: the worker refused the connect; Reason holds its answer.
	ConnectRefused
	// HeartbeatsOverdue: heartbeats are missing. Last is the time of the last
	// heartbeat; zero means now.
	HeartbeatsOverdue
	// HeartbeatsBack: heartbeats arrive again.
	HeartbeatsBack
	// Drained: the last running task has ended.
	Drained
	// TaskStuck: the process must end because of a task; Reason names
	// the task.
	TaskStuck
	// Measured: Tasks is what this incarnation has done, RSS its memory, for
	// `recycle`.
	Measured

	eventKinds // the number of kinds
)

var kindNames = [eventKinds]string{
	"start", "stop", "restart", "kill", "cleared", "blocked", "tick",
	"spawned", "spawn failed", "exited", "main exited", "main replaced", "emptied", "keeper lost",
	"found", "proven", "hinted", "extended", "leaving", "watchdog", "said", "ailing", "well",
	"connected", "refused", "overdue", "beating", "drained", "stuck", "measured",
}

// String returns the name of the table's column.
func (k EventKind) String() string { return kindNames[k] }

// Event is one thing that happened to one worker.
type Event struct {
	Kind EventKind
	GUID string
	// Incarnation is the process that the event is about. The table ignores an
	// event about an earlier process. Zero means the current process; requests
	// use it.
	Incarnation int
	Reason      string

	Last  time.Time // HeartbeatsOverdue
	Tasks int       // Measured: tasks that this incarnation has ended
	RSS   int64     // Measured: bytes; 0 = unknown

	PID          int           // ProcessSpawned, MainReplaced
	Lasting      bool          // SpawnFailed: waiting does not heal the error
	Exit         report.Exit   // ProcessExited, MainExited
	Left         int           // ProcessExited: descendants of the process that still live; ProcessesGone: those that are left
	EmptyProven  bool          // ProcessesGone, and ProcessExited with Left 0
	Unattributed []string      // ProcessExited, ProcessesGone: processes that could not be attributed to a worker
	Extension    time.Duration // StartExtended
	Random       float64       // in [0, 1): the jitter of a restart delay, so that the table stays pure
	// Task is the task that is charged if this event ends the worker, or is its
	// end; "" = none, or several. See EventKind.MayEndWorker.
	Task string
}

// MayEndWorker reports whether an event of this kind may end the worker, or is
// its end, so that the event needs Event.Task.
func (k EventKind) MayEndWorker() bool {
	switch k {
	case ProcessExited, ProcessesGone, TaskStuck, ProbeFailed, DeadlinePassed:
		return true
	}
	return false
}

// ActionKind says what the caller of Next has to do.
type ActionKind int

// The kinds of actions.
const (
	CheckDependencies ActionKind = iota // check `after`, and apply DependenciesMet or DependenciesMissing
	SpawnProcess                        // order the process from the keeper
	EndProcess                          // order its end from the keeper: Kill, Wait
	StartProbing                        // start the readiness probes
	StopProbing                         // stop the readiness probes
	AttachDispatcher                    // let the dispatcher connect
	DrainTasks                          // let the dispatcher hand out no more tasks to the worker
	DetachDispatcher                    // let the dispatcher fence the leases and queue the tasks again: Reason
	ReplacePort                         // the port was taken: choose the next one
	MeasureMemory                       // measure the process's memory, and apply Measured
	ReleasePort                         // close the listening socket that was held for the worker
	LogRecycle                          // log that a healthy worker is replaced: Reason
	FollowMain                          // look into the pidfile for the next main process, and apply MainReplaced
	GiveUpMain                          // let the keeper report the exit of the main process
)

// Action is one thing that the caller of Next has to do.
type Action struct {
	Kind   ActionKind
	Wait   time.Duration // EndProcess: between the stop signal and KILL
	Kill   bool          // EndProcess: send KILL at once
	Reason string        // DetachDispatcher, LogRecycle
	Cause  DetachCause   // DetachDispatcher
}

// DetachCause says why a worker ended, as far as its tasks are concerned.
type DetachCause int

// The causes.
const (
	// DetachDied: the worker ended by itself, or is being ended because it does
	// not answer. A task in it may be the reason.
	DetachDied DetachCause = iota
	// DetachRequested: the worker was stopped, restarted or recycled.
	DetachRequested
	// DetachInterrupted: the worker ended because its keeper did, or its end
	// was not seen because no keeper was there.
	DetachInterrupted
)
