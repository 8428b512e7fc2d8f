package lifecycle

import "time"

// Next is the whole state machine: it looks the event up in the table and
// returns the next record, the actions to perform, in their order, and the
// reason. It is pure.
//
// Next ignores an event about an earlier process of the worker: such an event
// must not change the current process.
func Next(r Record, e Event, now time.Time) (Record, []Action, string) {
	if e.Incarnation != 0 && e.Incarnation != r.Incarnation {
		return r, nil, "ignored: it is about another incarnation"
	}
	c := table[r.Phase][e.Kind]
	if c.do == nil {
		return r, nil, "ignored: " + c.why
	}
	s := &step{Record: r, e: e, now: now}
	reason := c.do(s)
	if reason == "" { // the cell changed a detail, and the old reason still holds
		reason = r.Reason
	}
	if s.Record.State() != r.State() || (s.Phase == PhaseReady) != (r.Phase == PhaseReady) {
		s.Since = now
	}
	s.Reason = reason
	return s.Record, s.acts, reason
}

// cell is one place of the table: a function, or the reason why the event is
// ignored.
type cell struct {
	do  func(*step) string
	why string
}

// step is one use of a cell. The cell changes the step's Record, which is a
// copy, and returns the new reason; "" keeps the old one.
type step struct {
	Record
	e    Event
	now  time.Time
	acts []Action
}

func (s *step) addAction(k ActionKind) { s.acts = append(s.acts, Action{Kind: k}) }

// do makes a cell that acts. ignore makes a cell that does nothing, with the
// reason.
func do(f func(*step) string) cell { return cell{do: f} }
func ignore(why string) cell       { return cell{why: why} }

// Cells that ignore their event.
var (
	noProcess       = ignore("no process runs")
	notWaiting      = ignore("it waits for nothing")
	alreadyUp       = ignore("it is up, or on its way up")
	alreadyStopping = ignore("it is on its way down")
	alreadyStopped  = ignore("it is down")
	keepsReason     = ignore("it is down, and how it came to that is worth keeping")
	noTimer         = ignore("this phase has no deadline")
	alreadyAnswered = ignore("the keeper has answered that before")
	notThere        = ignore("the process has not been reported yet")
	knownReady      = ignore("it is ready")
	tooLate         = ignore("it no longer matters whether it is ready")
	noTasks         = ignore("it has no tasks")
	onlyDrain       = ignore("it is not draining")
	tooSoon         = ignore("start_timeout judges a start, not the probe")
	exitFollows     = ignore("its end was ordered, so the keeper reports its exit next")
	judgedDead      = ignore("its process is dead and its leftovers are being ended")
)

// row is the cells of one phase, by event.
type row [eventKinds]cell

// table is every phase × every event. Each cell is written out, also a cell
// that ignores its event; a test finds a missing cell.
var table = [PhaseCount]row{
	PhaseStopped:  atRest(row{StartRequested: do(startFresh), RestartRequested: do(startFresh), StopRequested: alreadyStopped, KillRequested: alreadyStopped, DependenciesMissing: notWaiting}),
	PhaseExited:   atRest(row{StartRequested: do(startFresh), RestartRequested: do(startFresh), StopRequested: keepsReason, KillRequested: keepsReason, DependenciesMissing: notWaiting}),
	PhaseFatal:    atRest(row{StartRequested: do(startFresh), RestartRequested: do(startFresh), StopRequested: keepsReason, KillRequested: keepsReason, DependenciesMissing: notWaiting}),
	PhaseWaiting:  atRest(row{StartRequested: alreadyUp, RestartRequested: alreadyUp, StopRequested: do(cancelStart), KillRequested: do(cancelStart), DependenciesMet: do(beginIncarnation), DependenciesMissing: do(waitForDependencies)}),
	PhaseBackoff:  atRest(row{StartRequested: do(startWithoutDelay), RestartRequested: do(startWithoutDelay), StopRequested: do(cancelStart), KillRequested: do(cancelStart), DeadlinePassed: do(endBackoff), DependenciesMissing: notWaiting}),
	PhaseSpawning: inSpawning,
	PhaseStarting: inStarting,
	PhaseReady:    inReady,
	PhaseUnready:  inUnready,
	PhaseDraining: inDraining,
	PhaseEnding:   inEnding,
	PhaseClearing: inClearing,
}

// atRest fills a row of a phase without a process: an event about a process is
// ignored.
func atRest(r row) row {
	for k := range r {
		if r[k].do == nil && r[k].why == "" {
			r[k] = noProcess
		}
	}
	if r[DeadlinePassed].do == nil {
		r[DeadlinePassed] = noTimer
	}
	if r[DependenciesMet].do == nil {
		r[DependenciesMet] = notWaiting
	}
	return r
}

var inSpawning = row{
	StartRequested: alreadyUp, StopRequested: do(stopWithoutDrain), RestartRequested: do(restartWithoutDrain), KillRequested: do(killOnRequest), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(checkStartTimeout),
	ProcessSpawned: do(processStarted), SpawnFailed: do(spawnFailed), ProcessExited: do(exitedUnasked), MainExited: notThere, MainReplaced: notThere, ProcessesGone: do(goneUnasked), KeeperLost: do(keeperLost),
	PortOwned: notThere, ReadinessProven: do(noteEarlyReport), NotReadyYet: notThere, StartExtended: do(extendDeadline), StopAnnounced: do(noteEarlyReport), WatchdogBeat: do(noteBeat), StatusReported: do(noteStatus),
	Connected: notThere, ConnectRefused: notThere, HeartbeatsOverdue: notThere, HeartbeatsBack: notThere, Drained: noTasks, TaskStuck: noTasks, Measured: noTasks,
	ProbeFailed: notThere, ProbePassed: notThere,
}

var inStarting = row{
	StartRequested: alreadyUp, StopRequested: do(stopWithoutDrain), RestartRequested: do(restartWithoutDrain), KillRequested: do(killOnRequest), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(checkStart),
	ProcessSpawned: alreadyAnswered, SpawnFailed: alreadyAnswered, ProcessExited: do(exitedUnasked), MainExited: do(mainExited), MainReplaced: do(mainReplaced), ProcessesGone: do(goneUnasked), KeeperLost: do(keeperLost),
	PortOwned: do(attachBeforeReady), ReadinessProven: do(becomeReady), NotReadyYet: do(noteNotReady), StartExtended: do(extendDeadline), StopAnnounced: do(noteNotReady), WatchdogBeat: do(noteBeat), StatusReported: do(noteStatus),
	Connected: do(becomeReady), ConnectRefused: do(noteNotReady), HeartbeatsOverdue: ignore("start_timeout judges a start, not heartbeats"), HeartbeatsBack: ignore("start_timeout judges a start, not heartbeats"),
	Drained: onlyDrain, TaskStuck: do(endStuck), Measured: noTasks,
	ProbeFailed: tooSoon, ProbePassed: tooSoon,
}

var inReady = row{
	StartRequested: alreadyUp, StopRequested: do(drainAndStop), RestartRequested: do(drainAndRestart), KillRequested: do(killOnRequest), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(checkReady),
	ProcessSpawned: alreadyAnswered, SpawnFailed: alreadyAnswered, ProcessExited: do(exitedUnasked), MainExited: do(mainExited), MainReplaced: do(mainReplaced), ProcessesGone: do(goneUnasked), KeeperLost: do(keeperLost),
	PortOwned: knownReady, ReadinessProven: knownReady, NotReadyYet: knownReady, StartExtended: ignore("it has started"), StopAnnounced: do(becomeUnready), WatchdogBeat: do(noteBeat), StatusReported: do(noteStatus),
	Connected: knownReady, ConnectRefused: do(becomeUnready), HeartbeatsOverdue: do(heartbeatsOverdue), HeartbeatsBack: knownReady, Drained: onlyDrain, TaskStuck: do(endStuck), Measured: do(checkRecycle),
	ProbeFailed: do(countProbeFailure), ProbePassed: knownReady,
}

var inUnready = row{
	StartRequested: alreadyUp, StopRequested: do(drainAndStop), RestartRequested: do(drainAndRestart), KillRequested: do(killOnRequest), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(checkUnready),
	ProcessSpawned: alreadyAnswered, SpawnFailed: alreadyAnswered, ProcessExited: do(exitedUnasked), MainExited: do(mainExited), MainReplaced: do(mainReplaced), ProcessesGone: do(goneUnasked), KeeperLost: do(keeperLost),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: ignore("it has started"), StopAnnounced: do(becomeUnready), WatchdogBeat: do(becomeReadyAgain), StatusReported: do(noteStatus),
	Connected: do(becomeReadyAgain), ConnectRefused: do(becomeUnready), HeartbeatsOverdue: do(heartbeatsOverdue), HeartbeatsBack: do(becomeReadyAgain), Drained: onlyDrain, TaskStuck: do(endStuck), Measured: ignore("it is judged when it beats again"),
	ProbeFailed: do(countProbeFailure), ProbePassed: do(clearProbeFailures),
}

var inDraining = row{
	StartRequested: do(restartAfterEnd), StopRequested: do(stayStopped), RestartRequested: do(restartAfterEnd), KillRequested: do(killOnRequest), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(drainTimeout),
	ProcessSpawned: alreadyAnswered, SpawnFailed: alreadyAnswered, ProcessExited: do(exitedWhileDraining), MainExited: do(mainExitedDraining), MainReplaced: do(mainReplacedLate), ProcessesGone: do(goneUnasked), KeeperLost: do(keeperLost),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: alreadyStopping, StopAnnounced: alreadyStopping, WatchdogBeat: alreadyStopping, StatusReported: do(noteStatus),
	Connected: alreadyStopping, ConnectRefused: alreadyStopping, HeartbeatsOverdue: ignore("drain bounds the wait"), HeartbeatsBack: alreadyStopping, Drained: do(endDrained), TaskStuck: do(endStuckDraining), Measured: alreadyStopping,
	ProbeFailed: alreadyStopping, ProbePassed: alreadyStopping,
}

var inEnding = row{
	StartRequested: do(restartAfterEnd), StopRequested: do(stayStopped), RestartRequested: do(restartAfterEnd), KillRequested: do(killEnding), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(repeatEnd),
	ProcessSpawned: do(processStartedLate), SpawnFailed: do(spawnFailedAfterStop), ProcessExited: do(leaderExited), MainExited: exitFollows, MainReplaced: do(mainReplacedLate), ProcessesGone: do(processesGone), KeeperLost: do(keeperLost),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: alreadyStopping, StopAnnounced: alreadyStopping, WatchdogBeat: alreadyStopping, StatusReported: do(noteStatus),
	Connected: alreadyStopping, ConnectRefused: alreadyStopping, HeartbeatsOverdue: alreadyStopping, HeartbeatsBack: alreadyStopping, Drained: alreadyStopping, TaskStuck: alreadyStopping, Measured: alreadyStopping,
	ProbeFailed: alreadyStopping, ProbePassed: alreadyStopping,
}

var inClearing = row{
	StartRequested: do(restartAfterEnd), StopRequested: do(stayStopped), RestartRequested: do(restartAfterEnd), KillRequested: do(killEnding), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(repeatEnd),
	ProcessSpawned: alreadyAnswered, SpawnFailed: alreadyAnswered, ProcessExited: alreadyAnswered, MainExited: alreadyAnswered, MainReplaced: judgedDead, ProcessesGone: do(processesGone), KeeperLost: do(keeperLost),
	PortOwned: judgedDead, ReadinessProven: judgedDead, NotReadyYet: judgedDead, StartExtended: judgedDead, StopAnnounced: judgedDead, WatchdogBeat: judgedDead, StatusReported: judgedDead,
	Connected: judgedDead, ConnectRefused: judgedDead, HeartbeatsOverdue: judgedDead, HeartbeatsBack: judgedDead, Drained: judgedDead, TaskStuck: judgedDead, Measured: judgedDead,
	ProbeFailed: judgedDead, ProbePassed: judgedDead,
}
