package supervise

import (
	"net"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// Dispatcher is what the supervisor tells the dispatcher. Its methods are called
// from the supervisor's loop and must not block.
type Dispatcher interface {
	// Attach: the worker is ready (a ding slave: it is there). Connect to it
	// and give it tasks.
	Attach(Instance)
	// Drain: no new tasks. Answer with Report of a Drained event when the
	// last one has ended, at once if there is none.
	Drain(guid string, incarnation int)
	// Detach: that process has ended. Fence its leases and queue its tasks again.
	Detach(guid string, incarnation int, reason string)
}

// Instance is one incarnation as the dispatcher needs it.
type Instance struct {
	GUID        string
	Incarnation int
	Spec        *plan.Spec
	Addr        string // host:port
	PID         int
	Token       string // the worker's own secret; never to be logged
	// Session is the one to connect with; Resumed: it may stand already.
	Session Session
	Resumed bool
	// Stream is our end of the stream that the worker was born with; nil =
	// none. It belongs to whoever gets the Instance, and must be closed.
	Stream net.Conn
}

// Options are what a [Supervisor] is made of. Plan and Ports are needed, and
// one of Keeper and NewKeeper.
type Options struct {
	// Keeper runs the processes. Whoever launched it closes it, after Run.
	Keeper *keeper.Keeper
	// NewKeeper launches the successor of a keeper that was lost; Run closes
	// those. Nil: the loss of the keeper ends Run with an error.
	NewKeeper func() (*keeper.Keeper, error)
	Ports     *port.Allocator
	Plan      *plan.Plan
	// Held is what keeper.Attach has found: workers of an earlier process
	// of this program, to go on with. Keeper is then the one that it returned,
	// with all of its Events.
	Held []keeper.KeptWorker
	// Outdated: Keeper is of an older version than NewKeeper would launch. It
	// is replaced when its last process has ended.
	KeeperOutdated bool
	// OnResumed is called from the loop before anything is started, when those
	// of Restore have been handed to Tasks; it may block for a moment. Nil =
	// nobody waits for that.
	OnResumed func()
	// Snapshots keeps memos of workers marked keep beside the keeper; nil = the
	// death of the keeper is theirs too.
	Snapshots SnapshotStore
	// Dispatcher is the dispatcher; nil = nobody gives these workers tasks.
	Dispatcher Dispatcher
	// Logger gets a line for each start, death and verdict; nil = silent.
	Logger hclog.Logger
	// Stdin makes the INI that a worker with contract = on reads; nil = an
	// empty one.
	Stdin func(spec *plan.Spec, guid string, port, incarnation int, token string) []byte
	// ParentURL is the base URL of the initiator's webhooks.
	ParentURL string
	// OnTransition is told of every transition, in order, from the loop; it must
	// not block. Nil = nobody.
	OnTransition func(Transition)
	// OnOutput gets the lines of streams whose log is "-", from the loop; it
	// must not block. Nil = they are dropped.
	OnOutput func(Lines)
	// AllStderr gives Output what every worker writes to stderr, also where it
	// goes to a file. It costs a message for each piece of it.
	AllStderr bool
	// LastSeq is the number after which those of the transitions go on.
	LastSeq uint64
	// CgroupBase is a cgroup v2 directory that belongs to nobody else, below
	// which every worker is born in a cgroup of its own. "" = the cgroup that
	// this process lives in: for every worker if systemd has delegated it, and
	// else, where that can be done, for those that have a limit which needs it.
	CgroupBase string
}
