package supervise

import (
	"net"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/probe"
	"initiator/internal/timerheap"
)

// Worker is what a person or a program is shown of one worker. It holds no
// secret.
type Worker struct {
	GUID        string          `json:"guid"`
	Name        string          `json:"name"`  // of its spec, and so of its pool
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
	Restarts    int             `json:"restarts"` // processes that followed a death
	Deaths      int             `json:"deaths"`   // since restart_reset
	Started     time.Time       `json:"started,omitzero"`
	// Began is when the last incarnation was launched, and BeganBefore the one
	// before it: between the two stands in the logs what that one wrote.
	Began        time.Time      `json:"began,omitzero"`
	BeganBefore  time.Time      `json:"began_before,omitzero"`
	LastExit     lifecycle.Exit `json:"last_exit,omitzero"`
	Rule         string         `json:"rule,omitempty"` // of the law that fired last
	NextStart    time.Time      `json:"next_start,omitzero"`
	WaitsFor     []string       `json:"waits_for,omitempty"`
	Status       string         `json:"status,omitempty"` // what it says of itself
	EmptyProven  bool           `json:"proven"`           // the last stop was proven empty
	Unattributed []string       `json:"strays,omitempty"`
}

// Transition is one change of a worker's state, readiness or incarnation.
type Transition struct {
	Seq         uint64          `json:"seq"` // Options.Seq + 1, + 2, + 3 … over all workers
	At          time.Time       `json:"at"`
	GUID        string          `json:"guid"`
	Name        string          `json:"name"`
	Index       int             `json:"index"`
	Incarnation int             `json:"incarnation"`
	Began       time.Time       `json:"-"` // when the incarnation was launched
	From        lifecycle.State `json:"from"`
	To          lifecycle.State `json:"to"`
	Ready       bool            `json:"ready"`
	Reason      string          `json:"reason"`
	PID         int             `json:"pid,omitempty"`
	Port        int             `json:"port,omitempty"`
	Exit        *lifecycle.Exit `json:"exit,omitempty"` // of a process whose end this is
}

// Result is the answer to a request, for one worker.
type Result struct {
	Worker Worker `json:"worker"`
	// Proven: after a stop, it is known that nothing of the worker is left;
	// false = best effort, see Worker.Strays.
	EmptyProven bool `json:"proven"`
	// Error says why the worker is not as it was asked to be; "" = it is.
	Error string `json:"error,omitempty"`
}

// worker is a record and what the loop holds for it. Only the loop touches it.
type worker struct {
	guid     string
	index    int
	pool     *pool
	rec      lifecycle.Record
	nextSpec *plan.Spec // what the next incarnation is made from

	token                      string // of the incarnation that runs
	port                       *port.Reservation
	hook                       string           // the keeper's name of the short-lived process that runs for it; "" = none
	execProbe                  string           // … and of its probe's
	pendingEnd                 lifecycle.Action // the end that waits for stop_command
	socket                     *probe.NotifySocket
	stream                     net.Conn // our end of the one it was born with, until the dispatcher has it
	outputWatched, lineAwaited bool

	startTime      uint64          // start time of its process: with the pid it names it for ever
	cgroup         string          // that it was born in; "" = as inherited
	lastSeq        uint64          // the keeper's newest numbered event about it
	session        Session         // of the incarnation that runs
	saved          summary         // what the memo that was left tells
	restored       *restoredWorker // set until it has been resumed
	awaitsAdoption bool            // its keeper was killed; the next will adopt it
	socketLost     bool            // nobody holds its port: it is bound anew before the next start

	timer    timerheap.Timer[*worker]
	waiters  []*waiter
	removing bool // no longer of any pool; goes away when it rests
}

// pool is all workers of one spec, with how many there are in each phase, so
// that a question about all of them does not look at each.
type pool struct {
	spec       *plan.Spec // of workers to come
	group      *plan.Group
	workers    []*worker
	byPhase    [lifecycle.PhaseCount]int
	cleanExits int      // those in over after a clean exit
	removed    bool     // no longer in the plan
	followers  []*pool  // those that come after this one
	missing    []string // what it comes after and is not there, as "db: ready"
}

// makeView makes what is shown.
func (w *worker) makeView() Worker {
	r := &w.rec
	v := Worker{
		GUID: w.guid, Name: w.pool.spec.Name, Index: w.index, Group: w.pool.spec.Group,
		State: r.State(), StateCode: int(r.State()), Ready: r.Phase == lifecycle.PhaseReady, Reason: r.Reason, Since: r.Since,
		PID: r.PID, Incarnation: r.Incarnation, Restarts: r.Restarts, Deaths: r.Deaths.Count,
		Began: r.Began, BeganBefore: r.BeganBefore, LastExit: r.LastExit, Rule: r.Rule, NextStart: r.NextStart, Status: r.Status, EmptyProven: r.EmptyProven, Unattributed: r.Unattributed,
	}
	if r.Phase.HasProcess() {
		v.Started = r.Started
	}
	if w.port != nil {
		v.Port, v.Addr = w.port.Port, localAddress(w.port)
	}
	if r.Phase == lifecycle.PhaseWaiting {
		v.WaitsFor = w.pool.missing
	}
	return v
}
