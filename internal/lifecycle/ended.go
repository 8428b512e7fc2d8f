package lifecycle

import (
	"fmt"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// The cells of a process that has ended, and of its successor.

// exitedUnasked handles the exit of the main process when no end was ordered.
func exitedUnasked(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	s.recordExit(s.e.Exit)
	if s.e.Left > 0 {
		s.Phase = PhaseClearing
		d := s.decideLeave(endedItself)
		s.orderEnd(false)
		if d.Leave {
			return fmt.Sprintf("its main process ended (%s); what it left stays: %s (%s)", s.Ended, countNoun(s.e.Left, "process"), d.Reason)
		}
		return fmt.Sprintf("its main process ended (%s); what it left is being ended: %s, %s", s.Ended, countNoun(s.e.Left, "process"), s.describeEnd(false))
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.noteLeft(0, s.afterEnd())
}

// recordExit stores how the process ended, and detaches it from the dispatcher.
func (s *step) recordExit(e report.Exit) {
	e.At, e.Incarnation = s.now, s.Incarnation
	if e.Lived == "" {
		e.Lived = FormatDuration(s.now.Sub(s.Started))
	}
	e.Task = s.Ended.Task // of a worker whose tasks were fenced before
	s.Ended, s.PID, s.MainDeadline = e, 0, time.Time{}
	s.detachDispatcher(s.e.Task, s.detachCause(e), s.detachReason(e))
}

// detachDispatcher lets the dispatcher fence the worker's tasks. task is the
// task that has ended the worker; it is recorded with the exit, also with an
// exit that comes later.
func (s *step) detachDispatcher(task string, cause DetachCause, reason string) {
	if !s.Attached {
		return
	}
	s.Attached = false
	if cause == DetachDied {
		s.Ended.Task = task
	}
	s.acts = append(s.acts, Action{Kind: DetachDispatcher, Reason: reason, Cause: cause})
}

// detachReason returns why the worker ended, for the records of its tasks. When
// the initiator has ended the process, its reason counts, and not the signal.
func (s *step) detachReason(e report.Exit) string {
	switch s.Cause {
	case endedUnhealthy, endedStartTimeout:
		return s.CauseReason + "; worker ended"
	case endedToStop, endedToRestart:
		return s.CauseReason
	}
	return e.String()
}

// detachCause returns why the worker ended, for its tasks.
func (s *step) detachCause(e report.Exit) DetachCause {
	switch {
	case s.Cause == endedToStop || s.Cause == endedToRestart:
		return DetachRequested
	case s.e.Kind == KeeperLost || e.Class == report.ExitUnknown:
		return DetachInterrupted
	}
	return DetachDied
}

// exitedWhileDraining handles an exit during the drain. It orders the end all
// the same: a stop is complete when the keeper has reported that no process is
// left.
func exitedWhileDraining(s *step) string {
	s.recordExit(s.e.Exit)
	return s.endProcess(s.Cause, s.CauseReason, false)
}

// leaderExited handles the ordered end of the main process. Descendants may
// still live.
func leaderExited(s *step) string {
	s.recordExit(s.e.Exit)
	return ""
}

// processesGone handles the report that no process of the incarnation is left.
func processesGone(s *step) string {
	if s.Ended.Class == "" {
		s.recordExit(report.Exit{Class: report.ExitSignal, Code: -1, Error: "the keeper did not see its exit"})
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.noteLeft(s.e.Left, s.afterEnd())
}

// goneUnasked handles that report when no end was ordered.
func goneUnasked(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	return processesGone(s)
}

// spawnFailed handles the keeper's report that it could not start the process.
func spawnFailed(s *step) string {
	s.addAction(StopProbing)
	s.recordExit(report.Exit{Class: report.ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-", Lasting: s.e.Lasting})
	s.Ended.Lived = ""
	return s.noteLeft(0, s.afterEnd())
}

// spawnFailedAfterStop handles that report when the end was already ordered.
func spawnFailedAfterStop(s *step) string {
	s.recordExit(report.Exit{Class: report.ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-", Lasting: s.e.Lasting})
	s.Ended.Lived = ""
	s.EmptyProven = true
	return s.noteLeft(0, s.afterEnd())
}

// keeperLost handles the death of the keeper, which ends the worker's
// processes. The caller ends processes that have escaped before it starts a new
// one.
func keeperLost(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	if s.Ended.Class == "" {
		s.recordExit(report.Exit{Class: report.ExitKeeperLost, Code: -1, Signal: "KILL", Error: "keeper lost"})
	}
	s.EmptyProven = false
	return s.noteLeft(0, s.afterEnd())
}

// afterEnd decides what follows an end: rest if the worker should not run, a
// new process after a restart, and otherwise what the restart policy says.
func (s *step) afterEnd() string {
	c := s.Cause
	if c == endedStartTimeout || c == endedUnhealthy {
		s.Ended.Class, s.Ended.Error = exitClassOf(c), s.CauseReason
	}
	if c == endedToStop || c == endedToRestart {
		s.Ended.Class, s.Ended.Reason = report.ExitRequested, s.CauseReason
	}
	s.LastExit, s.Cause, s.PID = s.Ended, endedItself, 0
	if !s.Wanted {
		s.enterRest(PhaseStopped)
		return s.restReason()
	}
	if c == endedToRestart {
		s.e.Reason = ""
		return s.waitToStart(s.CauseReason)
	}
	return s.applyRestartPolicy()
}

func exitClassOf(c EndCause) report.ExitClass {
	if c == endedStartTimeout {
		return report.ExitStartTimeout
	}
	return report.ExitUnhealthy
}

// restReason returns why a worker is at rest.
func (s *step) restReason() string {
	if s.CauseReason == "" {
		return s.LastExit.String()
	}
	return s.CauseReason
}

// applyRestartPolicy applies the restart policy to the last exit.
func (s *step) applyRestartPolicy() string {
	var v RestartDecision
	s.Deaths, v = s.decideRestart(s.LastExit)
	s.Rule, v.Reason = v.Rule, s.adviseAfterDeath(v.Reason)
	switch v.Choice {
	case stayExited:
		s.Wanted = false
		s.enterRest(PhaseExited)
	case giveUpRestarts:
		s.Wanted = false
		s.enterRest(PhaseFatal)
	case restartAgain:
		s.scheduleRestart(v)
	}
	return v.Reason
}

// decideRestart returns what the restart policy says of an exit, and the deaths
// with this one. It changes nothing.
func (s *step) decideRestart(last report.Exit) (DeathHistory, RestartDecision) {
	policy := s.Spec.Restart
	death := deathFacts{
		At: s.now, Class: last.Class, EarlyDeath: !s.ReachedRunning, Lived: last.At.Sub(s.Started),
		Lasting: last.Lasting, Exit: last.String(), Task: last.Task,
	}
	if s.Launched && policy.AutoAssumed {
		policy.Auto, policy.Assumed.Auto = plan.AutoRestartUnexpected, "autorestart is unexpected by default for a launched worker"
	}
	return decideRestart(policy, s.Deaths, death, s.e.Random)
}

// scheduleRestart starts the worker at once, or after a delay in BACKOFF.
func (s *step) scheduleRestart(v RestartDecision) {
	s.FollowsDeath = true
	if s.LastExit.Class == report.ExitPortTaken {
		s.addAction(ReplacePort)
	}
	if v.Delay <= 0 {
		s.e.Reason = ""
		s.waitToStart("")
		return
	}
	s.Phase, s.NextStart = PhaseBackoff, v.Next
}
