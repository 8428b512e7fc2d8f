package supervise

import "time"

// next is the whole state machine: it looks the event up in the table and
// returns the record after it, what the loop has to do, and why. It is pure:
// no clock, no chance, no I/O.
//
// An event about an earlier process of the worker is ignored before the table
// is asked: nothing that is dead can change what lives.
func next(r Record, e Event, now time.Time) (Record, []Action, string) {
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
	if s.Record.State() != r.State() || (s.Phase == ready) != (r.Phase == ready) {
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
type row [kinds]cell

// table is every phase × every event. Each cell is written, also those that
// ignore: a missing one is found by a test.
var table = [phases]row{
	resting:  atRest(row{askStart: do(begin), askRestart: do(begin), askStop: downNow, askKill: downNow, blocked: notWaiting}),
	over:     atRest(row{askStart: do(begin), askRestart: do(begin), askStop: staysSo, askKill: staysSo, blocked: notWaiting}),
	fatal:    atRest(row{askStart: do(begin), askRestart: do(begin), askStop: staysSo, askKill: staysSo, blocked: notWaiting}),
	waiting:  atRest(row{askStart: upAlready, askRestart: upAlready, askStop: do(giveBack), askKill: do(giveBack), cleared: do(spawn), blocked: do(wait)}),
	delayed:  atRest(row{askStart: do(hurry), askRestart: do(hurry), askStop: do(giveBack), askKill: do(giveBack), tick: do(retry), blocked: notWaiting}),
	spawning: inSpawning,
	starting: inStarting,
	ready:    inReady,
	unready:  inUnready,
	draining: inDraining,
	ending:   inEnding,
	clearing: inClearing,
}

// atRest fills a row of a phase in which no process lives: whatever is said
// about one came too late.
func atRest(r row) row {
	for k := range r {
		if r[k].do == nil && r[k].why == "" {
			r[k] = noProcess
		}
	}
	if r[tick].do == nil {
		r[tick] = noTimer
	}
	if r[cleared].do == nil {
		r[cleared] = notWaiting
	}
	return r
}

var inSpawning = row{
	askStart: upAlready, askStop: do(stopNow), askRestart: do(renewNow), askKill: do(kill), cleared: notWaiting, blocked: notWaiting,
	tick:    do(slow),
	spawned: do(appear), spawnFailed: do(stillborn), exited: do(die), emptied: do(vanish), lost: do(orphaned),
	found: notThere, proven: do(early), hinted: notThere, extended: do(extend), leaving: do(early), watchdog: do(beat), said: do(note),
	Connected: notThere, Refused: notThere, Overdue: notThere, Beating: notThere, Drained: noTasks, Stuck: noTasks, Measured: noTasks,
	ailing: notThere, well: notThere,
}

var inStarting = row{
	askStart: upAlready, askStop: do(stopNow), askRestart: do(renewNow), askKill: do(kill), cleared: notWaiting, blocked: notWaiting,
	tick:    do(ripen),
	spawned: answered, spawnFailed: answered, exited: do(die), emptied: do(vanish), lost: do(orphaned),
	found: do(offer), proven: do(prove), hinted: do(hint), extended: do(extend), leaving: do(hint), watchdog: do(beat), said: do(note),
	Connected: do(prove), Refused: do(hint), Overdue: ignore("start_timeout judges a start, not heartbeats"), Beating: ignore("start_timeout judges a start, not heartbeats"),
	Drained: onlyDrain, Stuck: do(sicken), Measured: noTasks,
	ailing: tooSoon, well: tooSoon,
}

var inReady = row{
	askStart: upAlready, askStop: do(stop), askRestart: do(renew), askKill: do(kill), cleared: notWaiting, blocked: notWaiting,
	tick:    do(mature),
	spawned: answered, spawnFailed: answered, exited: do(die), emptied: do(vanish), lost: do(orphaned),
	found: knownReady, proven: knownReady, hinted: knownReady, extended: ignore("it has started"), leaving: do(withdraw), watchdog: do(beat), said: do(note),
	Connected: knownReady, Refused: do(withdraw), Overdue: do(doubt), Beating: knownReady, Drained: onlyDrain, Stuck: do(sicken), Measured: do(weigh),
	ailing: do(ail), well: knownReady,
}

var inUnready = row{
	askStart: upAlready, askStop: do(stop), askRestart: do(renew), askKill: do(kill), cleared: notWaiting, blocked: notWaiting,
	tick:    do(despair),
	spawned: answered, spawnFailed: answered, exited: do(die), emptied: do(vanish), lost: do(orphaned),
	found: tooLate, proven: tooLate, hinted: tooLate, extended: ignore("it has started"), leaving: do(withdraw), watchdog: do(revive), said: do(note),
	Connected: do(revive), Refused: do(withdraw), Overdue: do(doubt), Beating: do(revive), Drained: onlyDrain, Stuck: do(sicken), Measured: ignore("it is judged when it beats again"),
	ailing: do(ail), well: do(heal),
}

var inDraining = row{
	askStart: do(comeBack), askStop: do(stayDown), askRestart: do(comeBack), askKill: do(kill), cleared: notWaiting, blocked: notWaiting,
	tick:    do(drainedLate),
	spawned: answered, spawnFailed: answered, exited: do(dieAsked), emptied: do(vanish), lost: do(orphaned),
	found: tooLate, proven: tooLate, hinted: tooLate, extended: downSoon, leaving: downSoon, watchdog: downSoon, said: do(note),
	Connected: downSoon, Refused: downSoon, Overdue: ignore("drain bounds the wait"), Beating: downSoon, Drained: do(drained), Stuck: do(stuckDraining), Measured: downSoon,
	ailing: downSoon, well: downSoon,
}

var inEnding = row{
	askStart: do(comeBack), askStop: do(stayDown), askRestart: do(comeBack), askKill: do(hasten), cleared: notWaiting, blocked: notWaiting,
	tick:    do(insist),
	spawned: do(appearLate), spawnFailed: do(neverWas), exited: do(leaderGone), emptied: do(empty), lost: do(orphaned),
	found: tooLate, proven: tooLate, hinted: tooLate, extended: downSoon, leaving: downSoon, watchdog: downSoon, said: do(note),
	Connected: downSoon, Refused: downSoon, Overdue: downSoon, Beating: downSoon, Drained: downSoon, Stuck: downSoon, Measured: downSoon,
	ailing: downSoon, well: downSoon,
}

var inClearing = row{
	askStart: do(comeBack), askStop: do(stayDown), askRestart: do(comeBack), askKill: do(hasten), cleared: notWaiting, blocked: notWaiting,
	tick:    do(insist),
	spawned: answered, spawnFailed: answered, exited: answered, emptied: do(empty), lost: do(orphaned),
	found: judgedDead, proven: judgedDead, hinted: judgedDead, extended: judgedDead, leaving: judgedDead, watchdog: judgedDead, said: judgedDead,
	Connected: judgedDead, Refused: judgedDead, Overdue: judgedDead, Beating: judgedDead, Drained: judgedDead, Stuck: judgedDead, Measured: judgedDead,
	ailing: judgedDead, well: judgedDead,
}
