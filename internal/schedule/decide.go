package schedule

import (
	"fmt"
	"time"
)

// LateTolerance is how late a tick may be and still fire as if on time: the machine
// was busy, the initiator restarted, or the queue was full for a moment.
const LateTolerance = 5 * time.Second

// Decision says what a schedule does now.
type Decision struct {
	FireTick time.Time // the tick that fires; zero = none
	SkipTick time.Time // the newest tick that is skipped; zero = none
	Next     time.Time // when to decide again
	Reason   string    // for people
}

// DecideTick says what to do at now. Last is the last tick that fired or was
// skipped; the zero time says that the schedule is new, and starts with its next
// tick. The error says that the Cron has no tick after last.
func (s Schedule) DecideTick(last, now time.Time) (Decision, error) {
	if last.IsZero() || last.After(now.Add(LateTolerance)) { // new, or the clock was set back
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
	if err != nil {
		return Decision{}, err
	}
	next, err := s.TickAfter(now)
	if err != nil {
		next = now.Add(time.Hour) // there is no further tick
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
