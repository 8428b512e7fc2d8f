package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker that starts.

// startFresh starts a worker at rest on request. The request forgives earlier
// deaths.
func startFresh(s *step) string {
	s.Deaths, s.FollowsDeath = DeathHistory{}, false
	return s.waitToStart("asked to start")
}

// startWithoutDelay starts a worker in BACKOFF on request, before the delay is
// over. The request begins new rows of deaths: the cause may have been mended.
func startWithoutDelay(s *step) string {
	s.Deaths.InARow, s.Deaths.LastingInARow = 0, 0
	return s.waitToStart("asked to start, without waiting out the delay")
}

// endBackoff starts a worker when its delay is over.
func endBackoff(s *step) string {
	if s.now.Before(s.NextStart) {
		return ""
	}
	return s.waitToStart(s.Reason)
}

// waitToStart starts the worker as soon as its dependencies are met; the caller
// checks them at once.
func (s *step) waitToStart(reason string) string {
	s.Wanted, s.Phase, s.NextStart, s.PID, s.DependenciesMissing = true, PhaseWaiting, time.Time{}, 0, false
	s.addAction(CheckDependencies)
	return s.reasonOr(reason)
}

// reasonOr returns the event's reason, or else its argument.
func (s *step) reasonOr(own string) string {
	if s.e.Reason != "" {
		return s.e.Reason
	}
	return own
}

func waitForDependencies(s *step) string {
	s.DependenciesMissing = true
	return s.reasonOr("it waits for what it comes after")
}

// beginIncarnation begins a new incarnation. Only this function clears what
// belonged to the incarnation before.
func beginIncarnation(s *step) string {
	kept := s.Record
	s.Record = Record{
		Spec: kept.Spec, Phase: PhaseSpawning, Since: kept.Since, Wanted: true, Launched: kept.Launched,
		Incarnation: kept.Incarnation + 1, Restarts: kept.Restarts,
		Began: s.now, BeganBefore: kept.Began, Started: s.now, Deadline: s.deadlineIn(kept.Spec.StartTimeout),
		LastExit: kept.LastExit, Rule: kept.Rule, Deaths: kept.Deaths, Left: kept.Left,
		SpokeContract: kept.hasSpoken(),
	}
	if kept.FollowsDeath {
		s.Restarts++
	}
	s.addAction(SpawnProcess)
	return fmt.Sprintf("incarnation %d is being launched", s.Incarnation)
}

// deadlineIn returns the time after a wait. A wait of 0 has no end: it returns
// the zero time.
func (s *step) deadlineIn(patience time.Duration) time.Time {
	if patience <= 0 {
		return time.Time{}
	}
	return s.now.Add(patience)
}

// hasPassed reports whether a deadline has passed. The zero time never passes.
func (s *step) hasPassed(deadline time.Time) bool {
	return !deadline.IsZero() && !s.now.Before(deadline)
}

// processStarted handles the report that the process runs. start_timeout and
// startsecs count from here: a slow keeper is not the worker's fault.
func processStarted(s *step) string {
	s.PID, s.Phase, s.Started = s.e.PID, PhaseStarting, s.now
	s.Deadline = laterTime(s.Deadline, s.deadlineIn(s.Spec.StartTimeout))
	switch {
	case s.Spec.Ready.Kind == "alive":
		return s.readinessReached("alive")
	case s.Ready:
		return s.readinessReached(s.NotReadyReason)
	}
	s.addAction(StartProbing)
	return s.adviseWhileStarting(fmt.Sprintf("pid %d runs; not ready yet: %s", s.PID, ReadinessLacks(s.Spec)))
}

func laterTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// noteEarlyReport handles READY=1 that arrives before the keeper's report of
// the process, because it uses another socket.
func noteEarlyReport(s *step) string {
	if s.e.Kind == ReadinessProven {
		s.Ready, s.NotReadyReason = true, s.reasonOr("proven")
	}
	return ""
}

// processStartedLate handles the keeper's report when the end was already
// ordered.
func processStartedLate(s *step) string {
	s.PID = s.e.PID
	return ""
}

// attachBeforeReady lets the dispatcher connect before readiness: a ding slave
// proves itself when it accepts the connect.
func attachBeforeReady(s *step) string {
	s.attachDispatcher()
	s.addAction(StopProbing)
	return "its port is its own; waiting until its connect is accepted"
}

func (s *step) attachDispatcher() {
	if !s.Attached && s.Spec.Protocol != "none" {
		s.Attached = true
		s.addAction(AttachDispatcher)
	}
}

func becomeReady(s *step) string {
	if s.Ready {
		return ""
	}
	s.addAction(StopProbing)
	return s.readinessReached(s.reasonOr(s.Spec.Ready.Kind))
}

// readinessReached goes on to RUNNING, or waits until startsecs have passed.
// That wait needs no deadline.
func (s *step) readinessReached(how string) string {
	s.Ready, s.Deadline = true, time.Time{}
	switch {
	case s.AwaitsMain():
		return fmt.Sprintf("ready (%s); RUNNING when its main process is known", how)
	case s.now.Sub(s.Started) >= s.Spec.StartSecs:
		return s.enterReady()
	}
	return fmt.Sprintf("ready (%s); RUNNING when it has lived for %s", how, s.Spec.StartSecs)
}

func (s *step) enterReady() string {
	s.Phase, s.ReachedRunning, s.ReadySince, s.NotReadyReason = PhaseReady, true, s.now, ""
	s.attachDispatcher()
	return "ready after " + FormatDuration(s.now.Sub(s.Started))
}

// checkStart handles the deadline of STARTING.
func checkStart(s *step) string {
	switch {
	case s.hasPassed(s.MainDeadline):
		return s.giveUpMain()
	case s.Ready && !s.AwaitsMain() && s.now.Sub(s.Started) >= s.Spec.StartSecs:
		return s.enterReady()
	case s.hasPassed(s.Deadline):
		return checkStartTimeout(s)
	}
	return ""
}

// checkStartTimeout ends a start that took too long. It sends the stop signal,
// not KILL: the worker may be in the middle of a change that must not be cut
// off.
func checkStartTimeout(s *step) string {
	if !s.hasPassed(s.Deadline) {
		return ""
	}
	lacks := s.NotReadyReason
	if lacks == "" {
		lacks = ReadinessLacks(s.Spec)
	}
	why := fmt.Sprintf("not ready within %s: %s", FormatDuration(s.Deadline.Sub(s.Started)), lacks)
	return s.endProcess(endedStartTimeout, why, false)
}

func noteNotReady(s *step) string {
	if s.e.Kind == StopAnnounced {
		s.e.Reason = "it says that it is stopping"
	}
	s.NotReadyReason = s.e.Reason
	return s.adviseWhileStarting(fmt.Sprintf("pid %d runs; not ready yet: %s", s.PID, s.NotReadyReason))
}

// extendDeadline handles EXTEND_TIMEOUT_USEC. The deadline never moves closer.
func extendDeadline(s *step) string {
	if !s.Deadline.IsZero() {
		s.Deadline = laterTime(s.Deadline, s.now.Add(s.e.Extension))
	}
	return ""
}

func noteStatus(s *step) string {
	s.Status = s.e.Reason
	return ""
}
