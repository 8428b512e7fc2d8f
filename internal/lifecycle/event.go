package lifecycle

import (
	"time"
)

// EventKind is a column of the table: everything that can happen to a worker.
type EventKind int

// The kinds. Those in capitals come from the dispatcher through
// [Supervisor.Report]; the others are made by the loop.
const (
	StartRequested      EventKind = iota // somebody wants it up
	StopRequested                        // somebody wants it down
	RestartRequested                     // somebody wants a new process
	KillRequested                        // down, without any more waiting
	DependenciesMet                      // nothing that it comes after is missing
	DependenciesMissing                  // Reason names what it waits for
	DeadlinePassed                       // its deadline has passed

	ProcessSpawned // the process runs: PID
	SpawnFailed    // there is no process: Reason
	ProcessExited  // the leader ended: Exit, Left
	ProcessesGone  // nothing of it is left: Proven
	KeeperLost     // the keeper died, and its workers with it

	PortOwned       // its listening socket is its own (a ding slave: connect proves the rest)
	ReadinessProven // it is ready
	NotReadyYet     // a probe says why it is not ready yet: Reason
	StartExtended   // it asked for more time to start: Span
	StopAnnounced   // it says that it is stopping
	WatchdogBeat    // it says that it is alive
	StatusReported  // a status line of its own: Reason
	ProbeFailed     // a look by `probe` found it unwell: Reason
	ProbePassed     // the look after those found it well

	// Connected: the dispatcher's connect was accepted.
	Connected
	// Refused: connect was refused; Reason says by which answer.
	ConnectRefused
	// Overdue: heartbeats are missing. Last is the time of the last one;
	// zero means now.
	HeartbeatsOverdue
	// Beating: heartbeats have come back.
	HeartbeatsBack
	// Drained: the last running task has ended.
	Drained
	// Stuck: it must die for one of its tasks; Reason names the task.
	TaskStuck
	// Measured: Tasks done by this incarnation and its RSS, for `recycle`.
	Measured

	eventKinds // how many there are
)

var kindNames = [eventKinds]string{
	"start", "stop", "restart", "kill", "cleared", "blocked", "tick",
	"spawned", "spawn failed", "exited", "emptied", "keeper lost",
	"found", "proven", "hinted", "extended", "leaving", "watchdog", "said", "ailing", "well",
	"connected", "refused", "overdue", "beating", "drained", "stuck", "measured",
}

// String names the kind as the table's column.
func (k EventKind) String() string { return kindNames[k] }

// Event is one thing that happened to one worker.
type Event struct {
	Kind EventKind
	GUID string
	// Incarnation says which process it is about. An event about an earlier
	// one is ignored. Zero is for requests, which mean whichever runs.
	Incarnation int
	Reason      string

	Last  time.Time // Overdue
	Tasks int       // Measured: tasks that this incarnation has ended
	RSS   int64     // Measured: bytes; 0 = not known

	PID          int           // spawned
	Exit         Exit          // exited
	Left         int           // exited: processes of it that still live
	EmptyProven  bool          // emptied
	Unattributed []string      // exited, emptied: processes that nobody could attribute
	Extension    time.Duration // extended
	Random       float64       // in [0, 1): the law's jitter, so that the table stays pure
}

// ActionKind says what the loop has to do for the table.
type ActionKind int

const (
	CheckDependencies ActionKind = iota // see whether what it comes after is there, and say cleared or blocked
	SpawnProcess                        // ask the keeper for the process
	EndProcess                          // tell the keeper to end it: Signal, Wait
	StartProbing                        // begin to look whether it is ready
	StopProbing                         // stop looking
	AttachDispatcher                    // the dispatcher may connect
	DrainTasks                          // the dispatcher gives it no more tasks
	DetachDispatcher                    // the dispatcher fences and re-queues: Reason
	ReplacePort                         // its port was taken: choose the next one
	MeasureMemory                       // look how much memory it holds, and say Measured
	ReleasePort                         // it rests: close the listening socket that was held for it
)

// Action is one thing for the loop to do.
type Action struct {
	Kind   ActionKind
	Wait   time.Duration // EndProcess: before KILL
	Kill   bool          // EndProcess: KILL at once
	Reason string        // DetachDispatcher
}
