package supervise

import (
	"net"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// Dispatcher is how the supervisor informs the dispatcher. The supervisor's
// loop calls its methods, so they must not block.
type Dispatcher interface {
	// Attach says that the worker is ready (a ding slave: it listens). The
	// dispatcher connects to it and gives it tasks.
	Attach(Instance)
	// Drain says that the worker must get no new tasks. The dispatcher reports
	// a Drained event when the last task has ended, or at once if there is
	// none.
	Drain(guid string, incarnation int)
	// CausingTask returns the id of the task that is charged if the worker has
	// just ended by itself; "" = there is none, or there are several. It is
	// called before Detach.
	CausingTask(guid string, incarnation int) string
	// Detach says that the process has ended, and why. The dispatcher fences
	// its leases and queues its tasks again.
	Detach(guid string, incarnation int, cause lifecycle.DetachCause, reason string)
}

// Instance is one incarnation as the dispatcher needs it.
type Instance struct {
	GUID        string
	Incarnation int
	Spec        *plan.Spec
	Addr        string // host:port
	PID         int
	Token       string // the worker's own secret; it must not be logged
	// Session is the session to connect with. Resumed says that the worker may
	// already be connected under it.
	Session lifecycle.Session
	Resumed bool
	// Stream is the initiator's end of the worker's stream; nil = it has none.
	// The receiver of the Instance owns it and must close it.
	Stream net.Conn
}

// Options are the parts of a [Supervisor]. Plan, Ports and one of Keeper and
// NewKeeper are required.
type Options struct {
	// Keeper runs the processes. The caller closes it after Run.
	Keeper *keeper.Keeper
	// NewKeeper launches the successor of a lost keeper, which Run closes. Nil
	// means that the loss of the keeper ends Run with an error.
	NewKeeper func() (*keeper.Keeper, error)
	Ports     *port.Allocator
	Plan      *plan.Plan
	// Held are the workers of an earlier initiator that keeper.Attach has
	// found. Keeper is then the keeper that Attach returned, with all its
	// Events.
	Held []keeper.KeptWorker
	// Left are the left processes that the earlier initiator has stored. Those that
	// have ended do no harm.
	Left []report.LeftProcess
	// KeeperOutdated says that Keeper has an older version than NewKeeper would
	// launch. It is replaced when its last process has ended.
	KeeperOutdated bool
	// OnResumed is called from the loop when the workers of Held were given to
	// the Dispatcher and before anything is started. It may block for a moment.
	// Nil = not called.
	OnResumed func()
	// Snapshots keeps the snapshots of kept workers outside the keeper. Nil
	// means that they end with the keeper.
	Snapshots SnapshotStore
	// Dispatcher gives the workers tasks; nil = they get none.
	Dispatcher Dispatcher
	// Logger gets a line for each start and each death; nil = no lines.
	Logger hclog.Logger
	// Stdin returns the INI that a worker with contract = on reads; nil = an
	// empty INI.
	Stdin func(spec *plan.Spec, guid string, port, incarnation int, token string) []byte
	// ParentURL is the base URL of the initiator's webhooks.
	ParentURL string
	// Mark is in the environment of every process, so that a later initiator of
	// the same state directory finds what was left: see Leftovers. "" = none.
	Mark string
	// OnTransition receives every transition in order, from the loop. It must
	// not block. Nil = not called.
	OnTransition func(report.Event)
	// OnProcesses is called from the loop when Worker.Escaped of a worker has
	// changed, or LeftProcesses. It must not block. Nil = not called.
	OnProcesses func()
	// OnOutput receives the lines of streams that go to the initiator's own output,
	// from the loop.
	// It must not block. Nil = the lines are dropped.
	OnOutput func(Lines)
	// AllStderr passes everything that workers write to stderr to OnOutput,
	// also when it goes to a file. Each piece costs a message.
	AllStderr bool
	// OnKeeperSilence is called from the loop when the keeper has not answered for
	// some seconds, with a sentence, and with "" when it answers again or has gone.
	// It must not block. Nil = not called.
	OnKeeperSilence func(reason string)
	// LastSeq is the number before the first transition's.
	LastSeq uint64
	// CgroupBase is a cgroup v2 directory for this initiator alone, below which
	// every worker starts in a cgroup of its own. With "", the initiator uses
	// its own cgroup: for every worker if systemd has delegated it, and
	// otherwise, where possible, for workers with a limit that needs a cgroup.
	CgroupBase string
}
