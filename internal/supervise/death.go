package supervise

import "fmt"

// The cells for a process that has ended, and for its successor.

// die is the end of a leader that we did not ask for.
func die(s *step) string {
	if s.Phase == spawning || s.Phase == starting {
		s.act(actSettle)
	}
	s.bury(s.e.exit)
	if s.e.left > 0 {
		s.Phase = clearing
		s.tell(true)
		return fmt.Sprintf("its leader ended (%s); %s it left behind are being ended", s.Death, count(s.e.left, "process"))
	}
	s.Proven, s.Strays = s.e.proven, s.e.strays
	return s.judged()
}

// bury notes how the process ended and takes it from the dispatcher.
func (s *step) bury(e Exit) {
	e.At, e.Incarnation = s.now, s.Incarnation
	if e.Lived == "" {
		e.Lived = brief(s.now.Sub(s.Started))
	}
	s.Death, s.PID = e, 0
	if s.Attached {
		s.Attached = false
		s.acts = append(s.acts, Action{Kind: actDetach, Reason: e.String()})
	}
}

// dieAsked is an end during draining. Emptied is asked for all the same: a
// stop is over when the keeper has said that nothing is left.
func dieAsked(s *step) string {
	s.bury(s.e.exit)
	return s.end(s.Cause, s.Why, false)
}

// leaderGone is the end that we asked for; descendants may still live.
func leaderGone(s *step) string {
	s.bury(s.e.exit)
	return ""
}

// empty is the news that nothing of the incarnation is left.
func empty(s *step) string {
	if s.Death.Class == "" {
		s.bury(Exit{Class: Signal, Code: -1, Error: "its exit was not seen"})
	}
	s.Proven, s.Strays = s.e.proven, s.e.strays
	return s.judged()
}

// vanish is that news although no end was asked for.
func vanish(s *step) string {
	if s.Phase == spawning || s.Phase == starting {
		s.act(actSettle)
	}
	return empty(s)
}

// stillborn: the keeper could not make the process.
func stillborn(s *step) string {
	s.act(actSettle)
	s.bury(Exit{Class: SpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Death.Lived = ""
	return s.judged()
}

// neverWas is that answer when its end has already been asked for.
func neverWas(s *step) string {
	s.bury(Exit{Class: SpawnError, Code: -1, Error: s.e.Reason, Lived: "-"})
	s.Death.Lived = ""
	s.Proven = true
	return s.judged()
}

// orphaned: the keeper is gone and took the process with it. The loop sweeps
// what escaped before it starts anything.
func orphaned(s *step) string {
	if s.Phase == spawning || s.Phase == starting {
		s.act(actSettle)
	}
	if s.Death.Class == "" {
		s.bury(Exit{Class: Signal, Code: -1, Signal: "KILL", Error: "keeper lost"})
	}
	s.Proven = false
	return s.judged()
}

// judged decides what follows an end: rest where nobody wants the worker, a
// new process where we ended it for that, and else whatever the law says.
func (s *step) judged() string {
	c := s.Cause
	if c == tooSlow || c == tooSick {
		s.Death.Class, s.Death.Error = class(c), s.Why
	}
	if c == toStop || c == toRestart {
		s.Death.Class = Asked
	}
	s.Last, s.Cause, s.PID = s.Death, byItself, 0
	if !s.Wanted {
		s.rest(resting)
		return s.restful()
	}
	if c == toRestart {
		s.e.Reason = ""
		return s.wish(s.Why)
	}
	return s.judge()
}

func class(c cause) Class {
	if c == tooSlow {
		return StartTimeout
	}
	return Unhealthy
}

// restful is why a worker rests that nobody wants: what the state itself does
// not say.
func (s *step) restful() string {
	if s.Why == "" {
		return s.Last.String()
	}
	return s.Why
}

// judge asks the law and does as it says.
func (s *step) judge() string {
	death := Death{At: s.now, Class: s.Last.Class, Early: !s.Up, What: s.Last.String()}
	var v Verdict
	s.Past, v = Judge(s.Spec.Restart, s.Past, death, s.e.random)
	s.Rule = v.Rule
	switch v.Ruling {
	case Leave:
		s.Wanted = false
		s.rest(over)
	case GiveUp:
		s.Wanted = false
		s.rest(fatal)
	case Again:
		s.again(v)
	}
	return v.Reason
}

// again starts at once or waits in BACKOFF.
func (s *step) again(v Verdict) {
	s.Retried = true
	if s.Last.Class == PortTaken {
		s.act(actRepick)
	}
	if v.Delay <= 0 {
		s.e.Reason = ""
		s.wish("")
		return
	}
	s.Phase, s.Next = delayed, v.Next
}
