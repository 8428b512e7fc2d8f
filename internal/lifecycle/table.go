package lifecycle

import "time"

// Next is the whole state machine: it looks the event up in the table and
// returns the record after it, what the loop has to do, and why. It is pure:
// no clock, no chance, no I/O.
//
// An event about an earlier process of the worker is ignored before the table
// is asked: nothing that is dead can change what lives.
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
	if reason == "" { // it changed a detail, and the reason still holds
		reason = r.Reason
	}
	if s.Record.State() != r.State() || (s.Phase == PhaseReady) != (r.Phase == PhaseReady) {
		s.Since = now
	}
	s.Reason = reason
	return s.Record, s.acts, reason
}

// cell is one place of the table: what to do, or why nothing is done.
type cell struct {
	do  func(*step) string
	why string
}

// step is one use of a cell. Cells change its Record, which is a copy, and
// return the record's new reason.
type step struct {
	Record
	e    Event
	now  time.Time
	acts []Action
}

func (s *step) act(k ActionKind) { s.acts = append(s.acts, Action{Kind: k}) }

// do marks a cell that acts, ignore one that says why it does not.
func do(f func(*step) string) cell { return cell{do: f} }
func ignore(why string) cell       { return cell{why: why} }

// Why cells are empty, in the words that an observer would use.
var (
	noProcess  = ignore("no process runs")
	notWaiting = ignore("it waits for nothing")
	upAlready  = ignore("it is up, or on its way up")
	downSoon   = ignore("it is on its way down")
	downNow    = ignore("it is down")
	staysSo    = ignore("it is down, and how it came to that is worth keeping")
	noTimer    = ignore("this phase has no deadline")
	answered   = ignore("the keeper has answered that before")
	notThere   = ignore("the process has not been reported yet")
	knownReady = ignore("it is ready")
	tooLate    = ignore("it no longer matters whether it is ready")
	noTasks    = ignore("it has no tasks")
	onlyDrain  = ignore("it is not draining")
	tooSoon    = ignore("start_timeout judges a start, not the probe")
	judgedDead = ignore("its process is dead and its leftovers are being ended")
)

// row is one phase's cells, by event.
type row [eventKinds]cell

// table is every phase × every event. Each cell is written, also those that
// ignore: a missing one is found by a test.
var table = [PhaseCount]row{
	PhaseStopped:  atRest(row{StartRequested: do(begin), RestartRequested: do(begin), StopRequested: downNow, KillRequested: downNow, DependenciesMissing: notWaiting}),
	PhaseExited:   atRest(row{StartRequested: do(begin), RestartRequested: do(begin), StopRequested: staysSo, KillRequested: staysSo, DependenciesMissing: notWaiting}),
	PhaseFatal:    atRest(row{StartRequested: do(begin), RestartRequested: do(begin), StopRequested: staysSo, KillRequested: staysSo, DependenciesMissing: notWaiting}),
	PhaseWaiting:  atRest(row{StartRequested: upAlready, RestartRequested: upAlready, StopRequested: do(giveBack), KillRequested: do(giveBack), DependenciesMet: do(spawn), DependenciesMissing: do(wait)}),
	PhaseBackoff:  atRest(row{StartRequested: do(hurry), RestartRequested: do(hurry), StopRequested: do(giveBack), KillRequested: do(giveBack), DeadlinePassed: do(retry), DependenciesMissing: notWaiting}),
	PhaseSpawning: inSpawning,
	PhaseStarting: inStarting,
	PhaseReady:    inReady,
	PhaseUnready:  inUnready,
	PhaseDraining: inDraining,
	PhaseEnding:   inEnding,
	PhaseClearing: inClearing,
}

// atRest fills a row of a phase in which no process lives: whatever is said
// about one came too late.
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
	StartRequested: upAlready, StopRequested: do(stopNow), RestartRequested: do(renewNow), KillRequested: do(kill), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(slow),
	ProcessSpawned: do(appear), SpawnFailed: do(stillborn), ProcessExited: do(die), ProcessesGone: do(vanish), KeeperLost: do(orphaned),
	PortOwned: notThere, ReadinessProven: do(early), NotReadyYet: notThere, StartExtended: do(extend), StopAnnounced: do(early), WatchdogBeat: do(beat), StatusReported: do(note),
	Connected: notThere, ConnectRefused: notThere, HeartbeatsOverdue: notThere, HeartbeatsBack: notThere, Drained: noTasks, TaskStuck: noTasks, Measured: noTasks,
	ProbeFailed: notThere, ProbePassed: notThere,
}

var inStarting = row{
	StartRequested: upAlready, StopRequested: do(stopNow), RestartRequested: do(renewNow), KillRequested: do(kill), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(ripen),
	ProcessSpawned: answered, SpawnFailed: answered, ProcessExited: do(die), ProcessesGone: do(vanish), KeeperLost: do(orphaned),
	PortOwned: do(offer), ReadinessProven: do(prove), NotReadyYet: do(hint), StartExtended: do(extend), StopAnnounced: do(hint), WatchdogBeat: do(beat), StatusReported: do(note),
	Connected: do(prove), ConnectRefused: do(hint), HeartbeatsOverdue: ignore("start_timeout judges a start, not heartbeats"), HeartbeatsBack: ignore("start_timeout judges a start, not heartbeats"),
	Drained: onlyDrain, TaskStuck: do(sicken), Measured: noTasks,
	ProbeFailed: tooSoon, ProbePassed: tooSoon,
}

var inReady = row{
	StartRequested: upAlready, StopRequested: do(stop), RestartRequested: do(renew), KillRequested: do(kill), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(mature),
	ProcessSpawned: answered, SpawnFailed: answered, ProcessExited: do(die), ProcessesGone: do(vanish), KeeperLost: do(orphaned),
	PortOwned: knownReady, ReadinessProven: knownReady, NotReadyYet: knownReady, StartExtended: ignore("it has started"), StopAnnounced: do(withdraw), WatchdogBeat: do(beat), StatusReported: do(note),
	Connected: knownReady, ConnectRefused: do(withdraw), HeartbeatsOverdue: do(doubt), HeartbeatsBack: knownReady, Drained: onlyDrain, TaskStuck: do(sicken), Measured: do(weigh),
	ProbeFailed: do(ail), ProbePassed: knownReady,
}

var inUnready = row{
	StartRequested: upAlready, StopRequested: do(stop), RestartRequested: do(renew), KillRequested: do(kill), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(despair),
	ProcessSpawned: answered, SpawnFailed: answered, ProcessExited: do(die), ProcessesGone: do(vanish), KeeperLost: do(orphaned),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: ignore("it has started"), StopAnnounced: do(withdraw), WatchdogBeat: do(revive), StatusReported: do(note),
	Connected: do(revive), ConnectRefused: do(withdraw), HeartbeatsOverdue: do(doubt), HeartbeatsBack: do(revive), Drained: onlyDrain, TaskStuck: do(sicken), Measured: ignore("it is judged when it beats again"),
	ProbeFailed: do(ail), ProbePassed: do(heal),
}

var inDraining = row{
	StartRequested: do(comeBack), StopRequested: do(stayDown), RestartRequested: do(comeBack), KillRequested: do(kill), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(drainedLate),
	ProcessSpawned: answered, SpawnFailed: answered, ProcessExited: do(dieAsked), ProcessesGone: do(vanish), KeeperLost: do(orphaned),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: downSoon, StopAnnounced: downSoon, WatchdogBeat: downSoon, StatusReported: do(note),
	Connected: downSoon, ConnectRefused: downSoon, HeartbeatsOverdue: ignore("drain bounds the wait"), HeartbeatsBack: downSoon, Drained: do(drained), TaskStuck: do(stuckDraining), Measured: downSoon,
	ProbeFailed: downSoon, ProbePassed: downSoon,
}

var inEnding = row{
	StartRequested: do(comeBack), StopRequested: do(stayDown), RestartRequested: do(comeBack), KillRequested: do(hasten), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(insist),
	ProcessSpawned: do(appearLate), SpawnFailed: do(neverWas), ProcessExited: do(leaderGone), ProcessesGone: do(empty), KeeperLost: do(orphaned),
	PortOwned: tooLate, ReadinessProven: tooLate, NotReadyYet: tooLate, StartExtended: downSoon, StopAnnounced: downSoon, WatchdogBeat: downSoon, StatusReported: do(note),
	Connected: downSoon, ConnectRefused: downSoon, HeartbeatsOverdue: downSoon, HeartbeatsBack: downSoon, Drained: downSoon, TaskStuck: downSoon, Measured: downSoon,
	ProbeFailed: downSoon, ProbePassed: downSoon,
}

var inClearing = row{
	StartRequested: do(comeBack), StopRequested: do(stayDown), RestartRequested: do(comeBack), KillRequested: do(hasten), DependenciesMet: notWaiting, DependenciesMissing: notWaiting,
	DeadlinePassed: do(insist),
	ProcessSpawned: answered, SpawnFailed: answered, ProcessExited: answered, ProcessesGone: do(empty), KeeperLost: do(orphaned),
	PortOwned: judgedDead, ReadinessProven: judgedDead, NotReadyYet: judgedDead, StartExtended: judgedDead, StopAnnounced: judgedDead, WatchdogBeat: judgedDead, StatusReported: judgedDead,
	Connected: judgedDead, ConnectRefused: judgedDead, HeartbeatsOverdue: judgedDead, HeartbeatsBack: judgedDead, Drained: judgedDead, TaskStuck: judgedDead, Measured: judgedDead,
	ProbeFailed: judgedDead, ProbePassed: judgedDead,
}
