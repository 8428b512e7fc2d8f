package lifecycle

import (
	"fmt"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// LeaveDecision says whether what the main process of a worker leaves is left
// when the main process has ended, or ended with it. Reason is a clause.
type LeaveDecision struct {
	Leave  bool
	Reason string
}

// decideLeave applies leave_descendants. cause is why the main process ends, and
// again says that the worker is started again after an end by itself.
func decideLeave(mode string, cause EndCause, again bool) LeaveDecision {
	said := "leave_descendants = " + mode
	switch {
	case mode == plan.LeaveAlways:
		return LeaveDecision{true, said}
	case mode != plan.LeaveExit:
		return LeaveDecision{false, "leave_descendants = " + plan.LeaveNone}
	case cause != endedItself:
		return LeaveDecision{false, said + ", and it did not end by itself"}
	case again:
		return LeaveDecision{false, said + ", and it is started again"}
	}
	return LeaveDecision{true, said + ", and it is not started again"}
}

// decideLeave decides for the end that begins now. The worker's record keeps the
// decision until its processes have gone.
func (s *step) decideLeave(cause EndCause) LeaveDecision {
	again := false
	if cause == endedItself {
		_, v := s.decideRestart(s.Ended)
		again = v.Choice == restartAgain
	}
	d := decideLeave(s.Spec.LeaveDescendants, cause, again)
	s.Leave = d.Leave
	return d
}

// WillLeave reports whether an exit by itself that is applied at now would leave
// what the main process has left.
func (r Record) WillLeave(exit report.Exit, now time.Time) bool {
	exit.At = now
	r.Ended = exit
	s := &step{Record: r, now: now}
	return s.decideLeave(endedItself).Leave
}

// noteLeft records how many processes the end has left, and adds the number to a
// reason.
func (s *step) noteLeft(n int, reason string) string {
	if s.Left = n; n == 0 {
		return reason
	}
	return fmt.Sprintf("%s; left %d", reason, n)
}
