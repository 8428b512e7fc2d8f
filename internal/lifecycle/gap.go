package lifecycle

import (
	"time"

	"initiator/internal/frozentime"
	"initiator/proactor"
)

// AfterGap returns the record as it stands after a time during which the
// supervisor did not run: each time-out is moved, because the worker may not
// have run either, and its reports could not be received. The delay of a
// restart is no time-out.
func (r Record) AfterGap(g frozentime.Gap, now time.Time) Record {
	r.Deadline = g.MoveDeadline(r.Deadline, now, r.grace())
	r.MainDeadline = g.MoveDeadline(r.MainDeadline, now, r.grace())
	r.LastBeat = g.MoveStart(r.LastBeat, now, r.Spec.HeartbeatTolerance, r.grace())
	return r
}

// HasTimeout reports whether the worker must do something in time now. While
// any worker has a time-out, the supervisor checks that it runs itself.
func (r Record) HasTimeout() bool {
	switch r.Phase {
	case PhaseReady:
		return r.AwaitsMain()
	case PhaseSpawning, PhaseStarting, PhaseUnready, PhaseDraining, PhaseEnding, PhaseClearing:
		return !r.Deadline.IsZero() || r.AwaitsMain()
	}
	return false // WATCHDOG=1 that is late makes the worker unready first
}

// grace is how long a worker lives at least after a report that is late.
func (r Record) grace() time.Duration {
	if r.Spec.HeartbeatSpan > 0 {
		return r.Spec.HeartbeatSpan
	}
	return proactor.DefaultHeartbeatSpan
}
