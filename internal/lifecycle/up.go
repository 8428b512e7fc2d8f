package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker on its way up.

// begin answers a person's start: what happened before is forgiven.
func begin(s *step) string {
	s.Deaths, s.FollowsDeath = DeathHistory{}, false
	return s.wish("asked to start")
}

// hurry answers a start during BACKOFF: nobody who asks wants to wait it out.
func hurry(s *step) string { return s.wish("asked to start, without waiting out the delay") }

// retry is the end of BACKOFF.
func retry(s *step) string {
	if s.now.Before(s.NextStart) {
		return ""
	}
	return s.wish(s.Reason)
}

// wish makes the worker wait for what it comes after; the loop looks at once.
func (s *step) wish(reason string) string {
	s.Wanted, s.Phase, s.NextStart, s.PID, s.DependenciesMissing = true, PhaseWaiting, time.Time{}, 0, false
	s.act(CheckDependencies)
	return s.because(reason)
}

// because prefers the reason that came with the event.
func (s *step) because(own string) string {
	if s.e.Reason != "" {
		return s.e.Reason
	}
	return own
}

func wait(s *step) string {
	s.DependenciesMissing = true
	return s.because("it waits for what it comes after")
}

// spawn begins a new incarnation. Everything that belonged to the last one is
// wiped here and nowhere else.
func spawn(s *step) string {
	kept := s.Record
	s.Record = Record{
		Spec: kept.Spec, Phase: PhaseSpawning, Since: kept.Since, Wanted: true,
		Incarnation: kept.Incarnation + 1, Restarts: kept.Restarts,
		Began: s.now, BeganBefore: kept.Began, Started: s.now, Deadline: s.after(kept.Spec.StartTimeout),
		LastExit: kept.LastExit, Rule: kept.Rule, Deaths: kept.Deaths,
	}
	if kept.FollowsDeath {
		s.Restarts++
	}
	s.act(SpawnProcess)
	return fmt.Sprintf("incarnation %d is being launched", s.Incarnation)
}

// after is a deadline; a patience of zero is none at all.
func (s *step) after(patience time.Duration) time.Time {
	if patience <= 0 {
		return time.Time{}
	}
	return s.now.Add(patience)
}

// passed reports whether a deadline has; one that is zero never does.
func (s *step) passed(deadline time.Time) bool {
	return !deadline.IsZero() && !s.now.Before(deadline)
}

// appear is the news that the process runs. start_timeout and startsecs count
// from here, for a slow keeper is not the worker's fault.
func appear(s *step) string {
	s.PID, s.Phase, s.Started = s.e.PID, PhaseStarting, s.now
	s.Deadline = later(s.Deadline, s.after(s.Spec.StartTimeout))
	switch {
	case s.Spec.Ready.Kind == "alive":
		return s.proved("alive")
	case s.Ready:
		return s.proved(s.Hint)
	}
	s.act(StartProbing)
	return fmt.Sprintf("pid %d runs; not ready yet (%s)", s.PID, s.Spec.Ready.Kind)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// early is READY=1 that overtook the keeper's news: it comes by another socket.
func early(s *step) string {
	if s.e.Kind == ReadinessProven {
		s.Ready, s.Hint = true, s.because("proven")
	}
	return ""
}

// appearLate is that news when its end has already been asked for.
func appearLate(s *step) string {
	s.PID = s.e.PID
	return ""
}

// offer lets the dispatcher connect before readiness: a ding slave proves
// itself by accepting.
func offer(s *step) string {
	s.attach()
	s.act(StopProbing)
	return "its port is its own; waiting until its connect is accepted"
}

func (s *step) attach() {
	if !s.Attached && s.Spec.Protocol != "none" {
		s.Attached = true
		s.act(AttachDispatcher)
	}
}

func prove(s *step) string {
	if s.Ready {
		return ""
	}
	s.act(StopProbing)
	return s.proved(s.because(s.Spec.Ready.Kind))
}

// proved goes on to RUNNING, or waits for startsecs, which have no timeout:
// they pass by themselves.
func (s *step) proved(how string) string {
	s.Ready, s.Deadline = true, time.Time{}
	if s.now.Sub(s.Started) >= s.Spec.StartSecs {
		return s.run()
	}
	return fmt.Sprintf("ready (%s); RUNNING when it has lived for %s", how, s.Spec.StartSecs)
}

func (s *step) run() string {
	s.Phase, s.ReachedRunning, s.ReadySince, s.Hint = PhaseReady, true, s.now, ""
	s.attach()
	return "ready after " + FormatDuration(s.now.Sub(s.Started))
}

// ripen is the tick of STARTING.
func ripen(s *step) string {
	switch {
	case s.Ready && s.now.Sub(s.Started) >= s.Spec.StartSecs:
		return s.run()
	case s.passed(s.Deadline):
		return slow(s)
	}
	return ""
}

// slow ends a start that took too long, politely: it may be in the middle of
// something that must not be torn.
func slow(s *step) string {
	if !s.passed(s.Deadline) {
		return ""
	}
	why := fmt.Sprintf("not ready within %s", FormatDuration(s.Deadline.Sub(s.Started)))
	if s.Hint != "" {
		why += ": " + s.Hint
	}
	return s.end(endedStartTimeout, why, false)
}

func hint(s *step) string {
	if s.e.Kind == StopAnnounced {
		s.e.Reason = "it says that it is stopping"
	}
	s.Hint = s.e.Reason
	return fmt.Sprintf("pid %d runs; not ready yet: %s", s.PID, s.Hint)
}

// extend is EXTEND_TIMEOUT_USEC: the deadline only ever moves away.
func extend(s *step) string {
	if !s.Deadline.IsZero() {
		s.Deadline = later(s.Deadline, s.now.Add(s.e.Extension))
	}
	return ""
}

func note(s *step) string {
	s.Status = s.e.Reason
	return ""
}
