package lifecycle

import "fmt"

// The cells for a process that has ended, and for its successor.

// exitedUnasked is the end of a leader that we did not ask for.
func exitedUnasked(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	s.recordExit(s.e.Exit)
	if s.e.Left > 0 {
		s.Phase = PhaseClearing
		s.orderEnd(true)
		return fmt.Sprintf("its leader ended (%s); %s it left behind are being ended", s.Ended, countNoun(s.e.Left, "process"))
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.afterEnd()
}

// recordExit notes how the process ended and takes it from the dispatcher.
func (s *step) recordExit(e Exit) {
	e.At, e.Incarnation = s.now, s.Incarnation
	if e.Lived == "" {
		e.Lived = FormatDuration(s.now.Sub(s.Started))
	}
	s.Ended, s.PID = e, 0
	if s.Attached {
		s.Attached = false
		s.acts = append(s.acts, Action{Kind: DetachDispatcher, Reason: e.String()})
	}
}

// exitedWhileDraining is an end during draining. Emptied is asked for all the same: a
// stop is over when the keeper has said that nothing is left.
func exitedWhileDraining(s *step) string {
	s.recordExit(s.e.Exit)
	return s.endProcess(s.Cause, s.CauseReason, false)
}

// leaderExited is the end that we asked for; descendants may still live.
func leaderExited(s *step) string {
	s.recordExit(s.e.Exit)
	return ""
}

// processesGone is the news that nothing of the incarnation is left.
func processesGone(s *step) string {
	if s.Ended.Class == "" {
		s.recordExit(Exit{Class: ExitSignal, Code: -1, Error: "its exit was not seen"})
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.afterEnd()
}

// goneUnasked is that news although no end was asked for.
func goneUnasked(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	return processesGone(s)
}

// stillborn: the keeper could not make the process.
func spawnFailed(s *step) string {
	s.addAction(StopProbing)
	s.recordExit(Exit{Class: ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Ended.Lived = ""
	return s.afterEnd()
}

// spawnFailedAfterStop is that answer when its end has already been asked for.
func spawnFailedAfterStop(s *step) string {
	s.recordExit(Exit{Class: ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Ended.Lived = ""
	s.EmptyProven = true
	return s.afterEnd()
}

// orphaned: the keeper is gone and took the process with it. The loop sweeps
// what escaped before it starts anything.
func keeperLost(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.addAction(StopProbing)
	}
	if s.Ended.Class == "" {
		s.recordExit(Exit{Class: ExitSignal, Code: -1, Signal: "KILL", Error: "keeper lost"})
	}
	s.EmptyProven = false
	return s.afterEnd()
}

// afterEnd decides what follows an end: rest where nobody wants the worker, a
// new process where we ended it for that, and else whatever the law says.
func (s *step) afterEnd() string {
	c := s.Cause
	if c == endedStartTimeout || c == endedUnhealthy {
		s.Ended.Class, s.Ended.Error = exitClassOf(c), s.CauseReason
	}
	if c == endedToStop || c == endedToRestart {
		s.Ended.Class = ExitRequested
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

func exitClassOf(c EndCause) ExitClass {
	if c == endedStartTimeout {
		return ExitStartTimeout
	}
	return ExitUnhealthy
}

// restReason is why a worker rests that nobody wants: what the state itself does
// not say.
func (s *step) restReason() string {
	if s.CauseReason == "" {
		return s.LastExit.String()
	}
	return s.CauseReason
}

// applyRestartPolicy asks the law and does as it says.
func (s *step) applyRestartPolicy() string {
	death := deathFacts{At: s.now, Class: s.LastExit.Class, EarlyDeath: !s.ReachedRunning, Exit: s.LastExit.String()}
	var v RestartDecision
	s.Deaths, v = decideRestart(s.Spec.Restart, s.Deaths, death, s.e.Random)
	s.Rule = v.Rule
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

// scheduleRestart starts at once or waits in BACKOFF.
func (s *step) scheduleRestart(v RestartDecision) {
	s.FollowsDeath = true
	if s.LastExit.Class == ExitPortTaken {
		s.addAction(ReplacePort)
	}
	if v.Delay <= 0 {
		s.e.Reason = ""
		s.waitToStart("")
		return
	}
	s.Phase, s.NextStart = PhaseBackoff, v.Next
}
