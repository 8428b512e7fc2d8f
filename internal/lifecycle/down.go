package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker on its way down.

// insistAfter is how long beyond the agreed wait Emptied may take before the
// keeper is told again. Processes in an uninterruptible sleep make it slow.
const insistAfter = 10 * time.Second

// end tells the keeper to end the process and waits for Emptied.
func (s *step) end(c EndCause, why string, kill bool) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.act(StopProbing)
	}
	s.Cause, s.CauseReason, s.ReadySince = c, why, time.Time{}
	s.Phase = PhaseEnding
	s.tell(kill)
	return why + "; " + s.means(kill)
}

// means says what was done to end the process, and what follows.
func (s *step) means(kill bool) string {
	signal, then := s.Spec.StopSignal, "KILL after "+FormatDuration(s.Spec.StopWait)
	switch {
	case kill || signal == "KILL":
		return "KILL sent"
	case len(s.Spec.StopCommand) > 0:
		return "its stop_command runs, then " + signal + ", then " + then
	}
	return signal + " sent, " + then
}

// tell sends End and sets the time at which to say it again.
func (s *step) tell(kill bool) {
	a := Action{Kind: EndProcess, Kill: kill, Wait: s.Spec.StopWait}
	if kill {
		a.Wait = 0
	}
	s.Deadline = s.now.Add(a.Wait + insistAfter)
	if !kill && len(s.Spec.StopCommand) > 0 { // which has as long again, before the signal
		s.Deadline = s.Deadline.Add(a.Wait)
	}
	s.acts = append(s.acts, a)
}

// giveBack stops what was not running: a wait or a delay.
func giveBack(s *step) string {
	s.Wanted = false
	s.rest(PhaseStopped)
	return s.because("stopped")
}

// rest ends a step: nothing is held for a worker that nobody is going to start.
func (s *step) rest(p Phase) {
	s.Phase, s.PID, s.Cause, s.NextStart, s.Deadline = p, 0, endedItself, time.Time{}, time.Time{}
	s.act(ReleasePort)
}

func stop(s *step) string {
	s.Wanted = false
	return s.leave(endedToStop, s.because("asked to stop"))
}

func renew(s *step) string { return s.renewFor(s.because("asked to restart")) }

func (s *step) renewFor(why string) string { return s.leave(endedToRestart, why) }

// leave drains first where there is something to drain.
func (s *step) leave(c EndCause, why string) string {
	if !s.Attached || s.Spec.Drain <= 0 {
		return s.end(c, why, false)
	}
	s.Cause, s.CauseReason, s.ReadySince = c, why, time.Time{}
	s.Phase, s.Deadline = PhaseDraining, s.now.Add(s.Spec.Drain)
	s.act(DrainTasks)
	return fmt.Sprintf("%s; waiting for its running tasks, at most %s", why, FormatDuration(s.Spec.Drain))
}

// stopNow and renewNow are for a worker that has no tasks yet.
func stopNow(s *step) string {
	s.Wanted = false
	return s.end(endedToStop, s.because("asked to stop"), false)
}

func renewNow(s *step) string { return s.end(endedToRestart, s.because("asked to restart"), false) }

func kill(s *step) string {
	s.Wanted = false
	return s.end(endedToStop, s.because("killed on request"), true)
}

// hasten shortens an end that is under way.
func hasten(s *step) string {
	stayDown(s)
	s.tell(true)
	return s.because("killed on request")
}

// insist tells the keeper again. It says the same thing about a process that
// is gone already, so nothing can be lost between the two of us.
func insist(s *step) string {
	if !s.passed(s.Deadline) {
		return ""
	}
	s.tell(true)
	return s.CauseReason + "; still not empty, told the keeper again"
}

// comeBack: somebody wants it up again before it is down. It is still ended.
func comeBack(s *step) string {
	s.Wanted = true
	if s.Cause == endedToStop {
		s.Cause = endedToRestart
	}
	return "is started again as soon as nothing of it is left"
}

func stayDown(s *step) string {
	s.Wanted = false
	if s.Cause == endedToRestart {
		s.Cause = endedToStop
	}
	return s.because("asked to stop")
}

func drained(s *step) string { return s.end(s.Cause, s.CauseReason+"; drained", false) }

func drainedLate(s *step) string {
	if !s.passed(s.Deadline) {
		return ""
	}
	return s.end(s.Cause, fmt.Sprintf("%s; tasks still ran after %s (drain)", s.CauseReason, FormatDuration(s.Spec.Drain)), false)
}

// stuckDraining ends the wait: the task that it waits for will not end.
func stuckDraining(s *step) string {
	return s.end(s.Cause, s.CauseReason+"; "+s.because("stuck"), true)
}
