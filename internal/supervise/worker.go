package supervise

import (
	"net"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/probe"
	"initiator/internal/timerheap"
)

// Worker is what people and programs see of one worker. It holds no secret.
type Worker struct {
	GUID        string          `json:"guid"`
	Name        string          `json:"name"`  // of its definition, and so of its pool
	Index       int             `json:"index"` // among the workers of its pool, from 0
	Group       string          `json:"group,omitempty"`
	State       lifecycle.State `json:"state"`
	Ready       bool            `json:"ready"`
	Reason      string          `json:"reason"`
	Since       time.Time       `json:"since"`
	StateCode   int             `json:"statecode"` // the state as supervisord's number
	PID         int             `json:"pid,omitempty"`
	Port        int             `json:"port,omitempty"`
	Addr        string          `json:"addr,omitempty"` // host:port
	Incarnation int             `json:"incarnation"`
	Restarts    int             `json:"restarts"` // processes that were started after a death
	Deaths      int             `json:"deaths"`   // since restart_reset
	// DeathsInARow counts the deaths without a healthy life between them. See
	// Worker.KeepsFailing.
	DeathsInARow int       `json:"deaths_in_a_row,omitempty"`
	Started      time.Time `json:"started,omitzero"`
	// Began is when the last incarnation was ordered, and BeganBefore the
	// incarnation before it: the log lines between the two are the earlier
	// incarnation's.
	Began        time.Time      `json:"began,omitzero"`
	BeganBefore  time.Time      `json:"began_before,omitzero"`
	LastExit     lifecycle.Exit `json:"last_exit,omitzero"`
	Rule         string         `json:"rule,omitempty"` // of the restart policy, the one that applied last
	NextStart    time.Time      `json:"next_start,omitzero"`
	WaitsFor     []string       `json:"waits_for,omitempty"`
	WaitsInVain  bool           `json:"-"`                // WaitsFor cannot be met unless a person acts
	Status       string         `json:"status,omitempty"` // the worker's own status line
	EmptyProven  bool           `json:"proven"`           // after the last stop, it is known that no process is left
	Unattributed []string       `json:"strays,omitempty"`
	// Left is how many processes the last end has left (leave_descendants).
	Left int `json:"left,omitempty"`
	// Unenforced are the settings of the definition that are not in force in the
	// worker's process, each as a sentence without a full stop.
	Unenforced []string `json:"not_in_force,omitempty"`
	// StartTime is when the process PID began, in clock ticks since boot, and
	// Escaped are its descendants outside its session. The next initiator finds
	// by them what a kill of the keeper leaves.
	StartTime uint64                  `json:"-"`
	Escaped   []keeper.EscapedProcess `json:"-"`
}

// KeepsFailing reports whether the worker has died three times in a row and is
// not up. It is started again all the same.
func (w Worker) KeepsFailing() bool {
	return w.DeathsInARow >= lifecycle.FailingAfter && (w.State == lifecycle.Starting || w.State == lifecycle.Backoff)
}

// Transition is one change of a worker's state, readiness or incarnation.
type Transition struct {
	Seq         uint64          `json:"seq"` // Options.LastSeq + 1, + 2, + 3 … over all workers
	At          time.Time       `json:"at"`
	GUID        string          `json:"guid"`
	Name        string          `json:"name"`
	Index       int             `json:"index"`
	Incarnation int             `json:"incarnation"`
	Began       time.Time       `json:"-"` // when the incarnation was ordered
	From        lifecycle.State `json:"from"`
	To          lifecycle.State `json:"to"`
	Ready       bool            `json:"ready"`
	Reason      string          `json:"reason"`
	PID         int             `json:"pid,omitempty"`
	Port        int             `json:"port,omitempty"`
	Exit        *lifecycle.Exit `json:"exit,omitempty"` // of the process that has ended
}

// Result is the answer to a request, about a single worker.
type Result struct {
	Worker Worker `json:"worker"`
	// EmptyProven says, after a stop, that no process of the worker is left;
	// false = best effort, see Worker.Unattributed.
	EmptyProven bool `json:"proven"`
	// Left is how many processes a stop or the end before a restart has left
	// (leave_descendants). They belong to no worker: see LeftProcess.
	Left int `json:"left,omitempty"`
	// Error says why the worker is not in the requested state; "" = it is.
	Error string `json:"error,omitempty"`
	// Note says what a reload of the worker has done.
	Note string `json:"note,omitempty"`
	// Replaced says that a later request wants the opposite for the worker.
	Replaced bool `json:"replaced,omitempty"`
}

// worker is a record and what the loop holds for it. Only the loop uses it.
type worker struct {
	guid     string
	index    int
	pool     *pool
	rec      lifecycle.Record
	nextSpec *plan.Spec // the definition of the next incarnation

	token                      string // of the current incarnation
	port                       *port.Reservation
	hook                       string           // the keeper's name of the hook that runs; "" = none
	execProbe                  string           // the keeper's name of the probe's command that runs; "" = none
	pendingEnd                 lifecycle.Action // the end that waits for stop_command
	socket                     *probe.NotifySocket
	stream                     net.Conn // the initiator's end of the worker's stream, until the dispatcher takes it
	outputWatched, lineAwaited bool

	startTime      uint64                  // of the process, in ticks since boot; with the PID it identifies the process for ever
	firstStart     uint64                  // of the first main process of the incarnation
	follower       *mainFollower           // not nil while the next main process is awaited
	escaped        []keeper.EscapedProcess // as the keeper reported them last
	escapedChanges int                     // how often escaped has changed
	cgroup         string                  // of the process; "" = inherited from the keeper
	lastSeq        uint64                  // the number of the keeper's newest event about the worker
	session        lifecycle.Session       // of the current incarnation
	saved          summary                 // what the saved snapshot says
	restored       *restoredWorker         // until the worker is resumed
	unenforced     []string                // see Worker.Unenforced
	awaitsAdoption bool                    // the keeper was killed; the next keeper adopts the worker
	socketLost     bool                    // no process holds the port's socket: it is bound again before the next start

	timer    timerheap.Timer[*worker]
	waiters  []*waiter
	claim    claim
	removing bool // the worker has left its pool; it is dropped when it is at rest
}

// pool is all workers of one definition. It counts its workers by phase, so
// that a question about all of them need not look at each.
type pool struct {
	spec       *plan.Spec // of the next workers
	group      *plan.Group
	workers    []*worker
	byPhase    [lifecycle.PhaseCount]int
	cleanExits int      // workers in PhaseExited after a clean exit
	removed    bool     // no longer in the plan
	followers  []*pool  // the pools that start after this pool
	warned     string   // the cgroup limits that are not in force, as they were logged
	missing    []string // the dependencies that are not met, for example "db: ready"
	// unrecoverable says that one of them cannot be met unless a person acts.
	unrecoverable bool
}

// makeView returns what people see of the worker.
func (w *worker) makeView() Worker {
	r := &w.rec
	v := Worker{
		GUID: w.guid, Name: w.pool.spec.Name, Index: w.index, Group: w.pool.spec.Group,
		State: r.State(), StateCode: int(r.State()), Ready: r.Phase == lifecycle.PhaseReady, Reason: r.Reason, Since: r.Since,
		PID: r.PID, Incarnation: r.Incarnation, Restarts: r.Restarts, Deaths: r.Deaths.Count, DeathsInARow: r.Deaths.InARow,
		Began: r.Began, BeganBefore: r.BeganBefore, LastExit: r.LastExit, Rule: r.Rule, NextStart: r.NextStart, Status: r.Status, EmptyProven: r.EmptyProven, Unattributed: r.Unattributed, Left: r.Left,
	}
	v.Unenforced = w.unenforced
	if r.Phase.HasProcess() {
		v.Started, v.StartTime, v.Escaped = r.Started, w.startTime, w.escaped
	}
	if w.port != nil {
		v.Port, v.Addr = w.port.Port, localAddress(w.port)
	}
	if r.Phase == lifecycle.PhaseWaiting {
		v.WaitsFor, v.WaitsInVain = w.pool.missing, w.pool.unrecoverable
	}
	return v
}
