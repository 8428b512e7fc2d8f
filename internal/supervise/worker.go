package supervise

import (
	"maps"
	"net"
	"slices"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/probe"
	"initiator/internal/timerheap"
)

// WorkerProcesses is a worker with what identifies its processes.
type WorkerProcesses struct {
	report.Worker
	// StartTime is when the process PID began, in clock ticks since boot, and
	// Escaped are its descendants outside its session. The next initiator finds
	// by them what a kill of the keeper leaves.
	StartTime uint64
	Escaped   []keeper.EscapedProcess
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
	acknowledged               []string // see acknowledgedStreams

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
	logFaults      map[string]string       // by the path of the log; see Worker.LogFaults
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
func (w *worker) makeView() report.Worker {
	r := &w.rec
	v := report.Worker{
		GUID: w.guid, Name: w.pool.spec.Name, Index: w.index, Group: w.pool.spec.Group,
		State: r.State(), StateCode: int(r.State()), Ready: r.Phase == lifecycle.PhaseReady, Reason: r.Reason, Since: r.Since,
		PID: r.PID, Incarnation: r.Incarnation, Restarts: r.Restarts, Deaths: r.Deaths.Count, DeathsInARow: r.Deaths.InARow,
		Began: r.Began, BeganBefore: r.BeganBefore, LastExit: r.LastExit, Rule: r.Rule, NextStart: r.NextStart, Status: r.Status, EmptyProven: r.EmptyProven, Unattributed: r.Unattributed, Left: r.Left,
	}
	v.Unenforced = w.unenforced
	for _, path := range slices.Sorted(maps.Keys(w.logFaults)) {
		v.LogFaults = append(v.LogFaults, w.logFaults[path])
	}
	if r.Phase.HasProcess() {
		v.Started = r.Started
	}
	if w.port != nil {
		v.Port, v.Addr = w.port.Port, localAddress(w.port)
	}
	if r.Phase == lifecycle.PhaseWaiting {
		v.WaitsFor, v.WaitsInVain = w.pool.missing, w.pool.unrecoverable
	}
	return v
}
