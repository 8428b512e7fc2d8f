package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker that stops.

// repeatEndAfter is how long ProcessesGone may take beyond the agreed wait
// before the order is repeated. A process in an uninterruptible sleep makes it
// slow.
const repeatEndAfter = 10 * time.Second

// endProcess orders the end of the process and waits for ProcessesGone.
func (s *step) endProcess(c EndCause, why string, kill bool) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	s.Cause, s.CauseReason, s.ReadySince, s.MainDeadline = c, why, time.Time{}, time.Time{}
	s.Phase = PhaseEnding
	s.decideLeave(c)
	s.orderEnd(kill)
	return why + "; " + s.describeEnd(kill)
}

// describeEnd returns how the process is ended, for the reason.
func (s *step) describeEnd(kill bool) string {
	signal, then := s.Spec.StopSignal, "KILL after "+FormatDuration(s.Spec.StopWait)
	switch {
	case kill || signal == "KILL":
		return "KILL sent"
	case s.runsStopCommand():
		return "its stop_command runs, then " + signal + ", then " + then
	}
	return signal + " sent, " + then
}

// orderEnd orders the end, and sets the time at which the order is repeated.
func (s *step) orderEnd(kill bool) {
	a := Action{Kind: EndProcess, Kill: kill, Wait: s.Spec.StopWait}
	if kill {
		a.Wait = 0
	}
	s.Deadline = s.now.Add(a.Wait + repeatEndAfter)
	if !kill && s.runsStopCommand() { // stop_command has the same time once more, before the stop signal
		s.Deadline = s.Deadline.Add(a.Wait)
	}
	s.acts = append(s.acts, a)
}

// runsStopCommand reports whether stop_command runs before the stop signal: its
// main process lives.
func (s *step) runsStopCommand() bool { return len(s.Spec.StopCommand) > 0 && s.PID != 0 }

// cancelStart stops a worker that waits for a dependency or a delay.
func cancelStart(s *step) string {
	s.Wanted = false
	s.enterRest(PhaseStopped)
	return s.reasonOr("stopped")
}

// enterRest puts the worker at rest and releases its port.
func (s *step) enterRest(p Phase) {
	s.Phase, s.PID, s.Cause, s.NextStart, s.Deadline = p, 0, endedItself, time.Time{}, time.Time{}
	s.addAction(ReleasePort)
}

func drainAndStop(s *step) string {
	s.Wanted = false
	return s.drainThenEnd(endedToStop, s.reasonOr("asked to stop"))
}

func drainAndRestart(s *step) string {
	return s.drainThenEnd(endedToRestart, s.reasonOr("asked to restart"))
}

// drainThenEnd drains the worker if it has tasks and drain is not 0, and ends
// it otherwise.
func (s *step) drainThenEnd(c EndCause, why string) string {
	if !s.Attached || s.Spec.Drain <= 0 {
		return s.endProcess(c, why, false)
	}
	s.Cause, s.CauseReason, s.ReadySince = c, why, time.Time{}
	s.Phase, s.Deadline = PhaseDraining, s.now.Add(s.Spec.Drain)
	s.addAction(DrainTasks)
	return fmt.Sprintf("%s; waiting for its running tasks, at most %s", why, FormatDuration(s.Spec.Drain))
}

// stopWithoutDrain and restartWithoutDrain handle a worker that has no tasks
// yet.
func stopWithoutDrain(s *step) string {
	s.Wanted = false
	return s.endProcess(endedToStop, s.reasonOr("asked to stop"), false)
}

func restartWithoutDrain(s *step) string {
	return s.endProcess(endedToRestart, s.reasonOr("asked to restart"), false)
}

func killOnRequest(s *step) string {
	s.Wanted = false
	return s.endProcess(endedToStop, s.reasonOr("killed on request"), true)
}

// killEnding replaces an end that is under way by KILL.
func killEnding(s *step) string {
	stayStopped(s)
	s.orderEnd(true)
	return s.reasonOr("killed on request")
}

// repeatEnd repeats the order. The keeper answers the same for a process that
// is already gone, so that a lost message has no effect.
func repeatEnd(s *step) string {
	if !s.hasPassed(s.Deadline) {
		return ""
	}
	s.orderEnd(true)
	return s.CauseReason + "; a process is still left, the order to end it was repeated"
}

// restartAfterEnd handles a start that arrives before the worker is down. The
// process is still ended.
func restartAfterEnd(s *step) string {
	s.Wanted = true
	if s.Cause == endedToStop {
		s.Cause = endedToRestart
	}
	return "will be restarted when no process of it is left"
}

func stayStopped(s *step) string {
	s.Wanted = false
	if s.Cause == endedToRestart {
		s.Cause = endedToStop
	}
	return s.reasonOr("asked to stop")
}

func endDrained(s *step) string { return s.endProcess(s.Cause, s.CauseReason+"; drained", false) }

func drainTimeout(s *step) string {
	if !s.hasPassed(s.Deadline) {
		return ""
	}
	return s.endProcess(s.Cause, fmt.Sprintf("%s; tasks still ran after %s (drain)", s.CauseReason, FormatDuration(s.Spec.Drain)), false)
}

// endStuckDraining ends the drain: the task that it waits for will not end. The
// other tasks may end until the process does.
func endStuckDraining(s *step) string {
	return s.endProcess(s.Cause, s.CauseReason+"; "+s.reasonOr("stuck"), false)
}
