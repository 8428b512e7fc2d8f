package lifecycle

import "fmt"

// The cells for a process that has ended, and for its successor.

// die is the end of a leader that we did not ask for.
func die(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.act(StopProbing)
	}
	s.bury(s.e.Exit)
	if s.e.Left > 0 {
		s.Phase = PhaseClearing
		s.tell(true)
		return fmt.Sprintf("its leader ended (%s); %s it left behind are being ended", s.Ended, count(s.e.Left, "process"))
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.judged()
}

// bury notes how the process ended and takes it from the dispatcher.
func (s *step) bury(e Exit) {
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

// dieAsked is an end during draining. Emptied is asked for all the same: a
// stop is over when the keeper has said that nothing is left.
func dieAsked(s *step) string {
	s.bury(s.e.Exit)
	return s.end(s.Cause, s.CauseReason, false)
}

// leaderGone is the end that we asked for; descendants may still live.
func leaderGone(s *step) string {
	s.bury(s.e.Exit)
	return ""
}

// empty is the news that nothing of the incarnation is left.
func empty(s *step) string {
	if s.Ended.Class == "" {
		s.bury(Exit{Class: ExitSignal, Code: -1, Error: "its exit was not seen"})
	}
	s.EmptyProven, s.Unattributed = s.e.EmptyProven, s.e.Unattributed
	return s.judged()
}

// vanish is that news although no end was asked for.
func vanish(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.act(StopProbing)
	}
	return empty(s)
}

// stillborn: the keeper could not make the process.
func stillborn(s *step) string {
	s.act(StopProbing)
	s.bury(Exit{Class: ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Ended.Lived = ""
	return s.judged()
}

// neverWas is that answer when its end has already been asked for.
func neverWas(s *step) string {
	s.bury(Exit{Class: ExitSpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Ended.Lived = ""
	s.EmptyProven = true
	return s.judged()
}

// orphaned: the keeper is gone and took the process with it. The loop sweeps
// what escaped before it starts anything.
func orphaned(s *step) string {
	if s.Phase == PhaseSpawning || s.Phase == PhaseStarting {
		s.act(StopProbing)
	}
	if s.Ended.Class == "" {
		s.bury(Exit{Class: ExitSignal, Code: -1, Signal: "KILL", Error: "keeper lost"})
	}
	s.EmptyProven = false
	return s.judged()
}

// judged decides what follows an end: rest where nobody wants the worker, a
// new process where we ended it for that, and else whatever the law says.
func (s *step) judged() string {
	c := s.Cause
	if c == endedStartTimeout || c == endedUnhealthy {
		s.Ended.Class, s.Ended.Error = class(c), s.CauseReason
	}
	if c == endedToStop || c == endedToRestart {
		s.Ended.Class = ExitRequested
	}
	s.LastExit, s.Cause, s.PID = s.Ended, endedItself, 0
	if !s.Wanted {
		s.rest(PhaseStopped)
		return s.restful()
	}
	if c == endedToRestart {
		s.e.Reason = ""
		return s.wish(s.CauseReason)
	}
	return s.judge()
}

func class(c EndCause) ExitClass {
	if c == endedStartTimeout {
		return ExitStartTimeout
	}
	return ExitUnhealthy
}

// restful is why a worker rests that nobody wants: what the state itself does
// not say.
func (s *step) restful() string {
	if s.CauseReason == "" {
		return s.LastExit.String()
	}
	return s.CauseReason
}

// judge asks the law and does as it says.
func (s *step) judge() string {
	death := death{At: s.now, Class: s.LastExit.Class, EarlyDeath: !s.ReachedRunning, What: s.LastExit.String()}
	var v RestartDecision
	s.Deaths, v = decideRestart(s.Spec.Restart, s.Deaths, death, s.e.Random)
	s.Rule = v.Rule
	switch v.Choice {
	case stayExited:
		s.Wanted = false
		s.rest(PhaseExited)
	case giveUpRestarts:
		s.Wanted = false
		s.rest(PhaseFatal)
	case restartAgain:
		s.again(v)
	}
	return v.Reason
}

// again starts at once or waits in BACKOFF.
func (s *step) again(v RestartDecision) {
	s.FollowsDeath = true
	if s.LastExit.Class == ExitPortTaken {
		s.act(ReplacePort)
	}
	if v.Delay <= 0 {
		s.e.Reason = ""
		s.wish("")
		return
	}
	s.Phase, s.NextStart = PhaseBackoff, v.Next
}
