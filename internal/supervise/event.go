package supervise

import (
	"time"
)

// Kind is a column of the table: everything that can happen to a worker.
type Kind int

// The kinds. Those in capitals come from the dispatcher through
// [Supervisor.Report]; the others are made by the loop.
const (
	askStart   Kind = iota // somebody wants it up
	askStop                // somebody wants it down
	askRestart             // somebody wants a new process
	askKill                // down, without any more waiting
	cleared                // nothing that it comes after is missing
	blocked                // Reason names what it waits for
	tick                   // its deadline has passed

	spawned     // the process runs: PID
	spawnFailed // there is no process: Reason
	exited      // the leader ended: Exit, Left
	emptied     // nothing of it is left: Proven
	lost        // the keeper died, and its workers with it

	found    // its listening socket is its own (a ding slave: connect proves the rest)
	proven   // it is ready
	hinted   // a probe says why it is not ready yet: Reason
	extended // it asked for more time to start: Span
	leaving  // it says that it is stopping
	watchdog // it says that it is alive
	said     // a status line of its own: Reason
	ailing   // a look by `probe` found it unwell: Reason
	well     // the look after those found it well

	// Connected: the dispatcher's connect was accepted.
	Connected
	// Refused: connect was refused; Reason says by which answer.
	Refused
	// Overdue: heartbeats are missing. Last is the time of the last one;
	// zero means now.
	Overdue
	// Beating: heartbeats have come back.
	Beating
	// Drained: the last running task has ended.
	Drained
	// Stuck: it must die for one of its tasks; Reason names the task.
	Stuck
	// Measured: Tasks done by this incarnation and its RSS, for `recycle`.
	Measured

	kinds // how many there are
)

var kindNames = [kinds]string{
	"start", "stop", "restart", "kill", "cleared", "blocked", "tick",
	"spawned", "spawn failed", "exited", "emptied", "keeper lost",
	"found", "proven", "hinted", "extended", "leaving", "watchdog", "said", "ailing", "well",
	"connected", "refused", "overdue", "beating", "drained", "stuck", "measured",
}

// String names the kind as the table's column.
func (k Kind) String() string { return kindNames[k] }

// Event is one thing that happened to one worker.
type Event struct {
	Kind Kind
	GUID string
	// Incarnation says which process it is about. An event about an earlier
	// one is ignored. Zero is for requests, which mean whichever runs.
	Incarnation int
	Reason      string

	Last  time.Time // Overdue
	Tasks int       // Measured: tasks that this incarnation has ended
	RSS   int64     // Measured: bytes; 0 = not known

	pid    int           // spawned
	exit   Exit          // exited
	left   int           // exited: processes of it that still live
	proven bool          // emptied
	strays []string      // exited, emptied: processes that nobody could attribute
	span   time.Duration // extended
	random float64       // in [0, 1): the law's jitter, so that the table stays pure
}

// ActionKind says what the loop has to do for the table.
type ActionKind int

const (
	actCheck   ActionKind = iota // see whether what it comes after is there, and say cleared or blocked
	actSpawn                     // ask the keeper for the process
	actEnd                       // tell the keeper to end it: Signal, Wait
	actProbe                     // begin to look whether it is ready
	actSettle                    // stop looking
	actAttach                    // the dispatcher may connect
	actDrain                     // the dispatcher gives it no more tasks
	actDetach                    // the dispatcher fences and re-queues: Reason
	actRepick                    // its port was taken: choose the next one
	actMeasure                   // look how much memory it holds, and say Measured
	actFree                      // it rests: close the listening socket that was held for it
)

// Action is one thing for the loop to do.
type Action struct {
	Kind   ActionKind
	Wait   time.Duration // actEnd: before KILL
	Kill   bool          // actEnd: KILL at once
	Reason string        // actDetach
}
