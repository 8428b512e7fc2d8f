package lifecycle

import (
	"slices"
	"time"
)

// Restored returns the record with which a new initiator goes on at now. shift
// maps a time of the stored record to the new initiator's clock.
func (r Record) Restored(now time.Time, shift func(time.Time) time.Time) Record {
	r.shiftTimes(shift)
	if r.Phase == PhaseUnready && !r.AnnouncedStop && !r.RefusedConnect {
		// The heartbeats are missing because no initiator received them, which
		// is not the worker's fault.
		r.Phase, r.ReadySince, r.Deadline = PhaseReady, now, time.Time{}
	}
	if !r.LastBeat.IsZero() {
		r.LastBeat = now
	}
	return r
}

// shiftTimes maps every time that is set.
func (r *Record) shiftTimes(to func(time.Time) time.Time) {
	r.Deaths.Recent = slices.Clone(r.Deaths.Recent)
	all := []*time.Time{
		&r.Since, &r.Began, &r.BeganBefore, &r.Started, &r.Deadline, &r.MainDeadline, &r.ReadySince, &r.LastBeat, &r.MemoryMeasured, &r.NextStart,
		&r.Ended.At, &r.LastExit.At,
	}
	for i := range r.Deaths.Recent {
		all = append(all, &r.Deaths.Recent[i])
	}
	for _, t := range all {
		if !t.IsZero() {
			*t = to(*t)
		}
	}
}
