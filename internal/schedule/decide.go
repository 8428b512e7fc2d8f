package schedule

import (
	"fmt"
	"time"
)

// LateTolerance is by how much a tick may be late and is still on time: a busy machine,
// a restart of the initiator, a queue that was full for a moment.
const LateTolerance = 5 * time.Second

// Decision is what a schedule does now.
type Decision struct {
	FireTick time.Time // the tick that fires; zero = none
	SkipTick time.Time // the newest tick that is given up; zero = none
	Next     time.Time // when to decide again
	Reason   string    // in words
}

// DecideTick says what is to be done at now, when last was the last tick that has
// fired or was given up. Zero = the schedule is new: it begins with the next.
// The error is that of a Cron that never comes any more.
func (s Schedule) DecideTick(last, now time.Time) (Decision, error) {
	if last.IsZero() || last.After(now.Add(LateTolerance)) { // or the clock was set back
		last = now
	}
	due, err := s.TickAfter(last)
	if err != nil {
		return Decision{}, err
	}
	if due.After(now) {
		return Decision{Next: due, Reason: "waits for its next tick"}, nil
	}
	newest, err := s.TickBefore(now)
	if err != nil || newest.Before(due) {
		newest = due // two ways of counting that differ, where a clock is put forward
	}
	next, err := s.TickAfter(now)
	if err != nil {
		next = now.Add(time.Hour) // the last tick of all
	}
	switch late := now.Sub(newest); {
	case late <= LateTolerance:
		return Decision{FireTick: newest, Next: next, Reason: "its tick has come"}, nil
	case s.MakeUpMissed:
		return Decision{FireTick: newest, Next: next, Reason: fmt.Sprintf("makes up for what it missed until %v ago", late.Round(time.Second))}, nil
	default:
		return Decision{SkipTick: newest, Next: next, Reason: fmt.Sprintf("missed its tick by %v", late.Round(time.Second))}, nil
	}
}
