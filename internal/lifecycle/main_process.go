package lifecycle

import (
	"fmt"
	"time"

	"initiator/initiator/report"
)

// The cells of a worker whose main process can be replaced: a program with a
// pidfile that goes to the background, or that starts its successor and ends.

const (
	// mainTimeout is how long the pidfile may take to name the next main process,
	// once the process before it has ended without an error.
	mainTimeout = 10 * time.Second
	// mainTimeoutAfterDeath is the same after any other end: the program may have
	// crashed, and is not to wait for its restart.
	mainTimeoutAfterDeath = 2 * time.Second
)

// AwaitsMain reports whether the main process has ended and the pidfile is to name
// the next main process.
func (r Record) AwaitsMain() bool { return !r.MainDeadline.IsZero() }

// mainExited handles the end of a main process that has left processes of the
// worker. Within start_timeout after a start, a program may still go to the
// background.
func mainExited(s *step) string {
	until := s.now.Add(mainTimeoutAfterDeath)
	if s.e.Exit.Class == report.ExitClean {
		until = laterTime(s.now.Add(mainTimeout), s.Started.Add(s.Spec.StartTimeout))
	}
	s.MainDeadline = until
	ended := s.e.Exit
	ended.Lived = FormatDuration(s.now.Sub(s.Started))
	before := s.PID
	s.PID = 0
	s.addAction(FollowMain)
	return fmt.Sprintf("its main process %d ended (%s); %s is to name the next one within %s", before, ended, s.e.Reason, FormatDuration(until.Sub(s.now)))
}

// mainReplaced handles the keeper's report that another process of the worker is
// its main process from now on.
func mainReplaced(s *step) string {
	s.PID, s.MainDeadline = s.e.PID, time.Time{}
	if s.Phase == PhaseStarting {
		if s.Ready && s.now.Sub(s.Started) >= s.Spec.StartSecs {
			return s.enterReady()
		}
		if !s.Ready {
			s.addAction(StartProbing) // the probe looks for the port of the main process
		}
	}
	return fmt.Sprintf("its main process is %d now, as %s says", s.PID, s.e.Reason)
}

// mainReplacedLate handles that report when the end was already ordered.
func mainReplacedLate(s *step) string {
	s.PID, s.MainDeadline = s.e.PID, time.Time{}
	return ""
}

// giveUpMain gives up the search for the next main process. ProcessExited follows;
// the order is repeated when it does not.
func (s *step) giveUpMain() string {
	s.MainDeadline = s.now.Add(repeatEndAfter)
	if !s.Deadline.IsZero() {
		s.Deadline = laterTime(s.Deadline, s.MainDeadline) // the exit says more than start_timeout
	}
	s.addAction(GiveUpMain)
	return "no other process of it has become its main process in time"
}

// mainExitedDraining handles the end of the main process during a drain: no
// process is to follow it.
func mainExitedDraining(s *step) string {
	s.PID = 0
	s.addAction(GiveUpMain)
	return ""
}
