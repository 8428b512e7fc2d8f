package keeper

import "time"

// tickInterval is how often the loop wakes at least while it waits for the end
// of a time-out.
const tickInterval = time.Second

// expectRound returns when the next round must come, so that the loop notices
// when the keeper was stopped during a time-out; zero = there is no time-out.
func (l *loop) expectRound(now time.Time) time.Time {
	if len(l.ends) == 0 && l.shutdown == nil && (l.window == nil || l.window.next.IsZero()) && !now.Before(l.keepAllUntil) {
		l.rounds.Rest()
		return time.Time{}
	}
	tick := now.Add(tickInterval)
	l.rounds.Expect(tick, tickInterval)
	return tick
}

// moveTimeouts moves every time-out when the keeper has not run for some time:
// the workers may not have run either.
func (l *loop) moveTimeouts(now time.Time) {
	gap := l.rounds.Observe(now)
	if !gap.Found() {
		return
	}
	for _, c := range l.ends {
		if c.killed == nil { // otherwise KILL has begun
			c.end.deadline = gap.MoveDeadline(c.end.deadline, now, 0)
			c.end.next = c.end.deadline
		}
	}
	if l.shutdown != nil {
		l.shutdown.deadline = gap.MoveDeadline(l.shutdown.deadline, now, 0)
	}
	l.keepAllUntil = gap.MoveDeadline(l.keepAllUntil, now, 0)
	if w := l.window; w != nil {
		w.keepAllUntil = gap.MoveDeadline(w.keepAllUntil, now, 0)
		w.emptySince = gap.MoveStart(w.emptySince, now, w.grace, 0)
		w.next = gap.MoveDeadline(w.next, now, 0)
	}
}
