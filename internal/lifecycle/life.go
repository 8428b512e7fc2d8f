package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker that is RUNNING.

// checkReady is the tick of a ready worker: the first of its deadlines has passed.
func checkReady(s *step) string {
	switch {
	case s.hasPassed(s.nextBeatDue()):
		return s.killUnhealthy(fmt.Sprintf("no WATCHDOG=1 for %s", s.Spec.HeartbeatTolerance))
	case s.hasPassed(s.recycleAt()):
		return s.restartFor(fmt.Sprintf("recycled: it is older than %s", s.Spec.Restart.RecycleAge))
	case s.hasPassed(s.ForgetDeathsAt()):
		s.Deaths = DeathHistory{}
		return fmt.Sprintf("ready for %s: its deaths are forgotten (restart_reset)", s.Spec.Restart.Reset)
	case s.hasPassed(s.measureMemoryAt()):
		s.MemoryMeasured = s.now
		s.addAction(MeasureMemory)
	}
	return ""
}

// checkRecycle compares what the dispatcher measured with `recycle`.
func checkRecycle(s *step) string {
	law := s.Spec.Restart
	switch {
	case law.RecycleTasks > 0 && s.e.Tasks >= law.RecycleTasks:
		return s.restartFor(fmt.Sprintf("recycled: it has done %s", countNoun(s.e.Tasks, "task")))
	case law.RecycleRSS > 0 && s.e.RSS >= law.RecycleRSS:
		return s.restartFor(fmt.Sprintf("recycled: it holds %d MiB", s.e.RSS>>20))
	}
	return ""
}

// heartbeatsOverdue is the dispatcher's verdict that heartbeats are missing. The worker
// gets what is left of its tolerance, counted from its last beat.
func heartbeatsOverdue(s *step) string {
	last := s.e.Last
	if last.IsZero() || last.After(s.now) {
		last = s.now
	}
	s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
	why := s.reasonOr("heartbeats are overdue")
	if s.Spec.HeartbeatTolerance <= 0 {
		return why
	}
	s.Deadline = last.Add(s.Spec.HeartbeatTolerance)
	if s.hasPassed(s.Deadline) {
		return checkUnready(s)
	}
	return fmt.Sprintf("%s; ended as unhealthy in %s", why, FormatDuration(s.Deadline.Sub(s.now)))
}

// checkUnready is the tick of an unready worker.
func checkUnready(s *step) string {
	switch {
	case !s.hasPassed(s.Deadline):
		return ""
	case s.AnnouncedStop:
		return s.killUnhealthy("it said that it was stopping, and did not")
	}
	return s.killUnhealthy(fmt.Sprintf("no heartbeat for %s", s.Spec.HeartbeatTolerance))
}

// becomeUnready makes a worker unready that says so itself. One that is leaving
// has as long as a stop would give it; one that refuses has no deadline, for
// it beats and may change its mind.
func becomeUnready(s *step) string {
	s.Phase, s.ReadySince = PhaseUnready, time.Time{}
	if s.e.Kind != StopAnnounced {
		s.RefusedConnect = true
		return s.reasonOr("it refused the connect")
	}
	s.AnnouncedStop, s.Deadline = true, s.now.Add(s.Spec.Drain+s.Spec.StopWait)
	if s.Attached {
		s.addAction(DrainTasks)
	}
	return "it says that it is stopping"
}

func becomeReadyAgain(s *step) string {
	if s.AnnouncedStop {
		return ""
	}
	if s.e.Kind == WatchdogBeat {
		s.LastBeat = s.now
	}
	if s.RefusedConnect = false; s.ProbeFailures > 0 {
		s.Deadline = time.Time{} // it beats, but the probe is not satisfied yet
		return ""
	}
	s.Phase, s.ReadySince, s.Deadline = PhaseReady, s.now, time.Time{}
	return s.reasonOr("ready again")
}

// countProbeFailure counts a look by `probe` that found the worker unwell. Nothing is said
// to it: it may only be slow, and is asked again before it is ended.
func countProbeFailure(s *step) string {
	s.ProbeFailures++
	what := s.reasonOr("it is unwell")
	if s.ProbeFailures >= s.Spec.Probe.Failures {
		return s.killUnhealthy(fmt.Sprintf("probe: %s (%s in a row)", what, countNoun(s.ProbeFailures, "time")))
	}
	if s.Phase == PhaseReady {
		s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
	}
	return fmt.Sprintf("probe: %s (%d of %d)", what, s.ProbeFailures, s.Spec.Probe.Failures)
}

// clearProbeFailures is the end of that, unless there is another reason for being unready.
func clearProbeFailures(s *step) string {
	s.ProbeFailures = 0
	if s.AnnouncedStop || s.RefusedConnect || !s.Deadline.IsZero() {
		return ""
	}
	s.Phase, s.ReadySince = PhaseReady, s.now
	return "ready again: the probe is satisfied"
}

func noteBeat(s *step) string {
	s.LastBeat = s.now
	return ""
}

// killStuck is a verdict from outside that this process must go.
func killStuck(s *step) string { return s.killUnhealthy(s.reasonOr("stuck")) }

// killUnhealthy kills without asking: a process that does not answer cannot be asked,
// and one that is stopped (SIGSTOP) would never hear.
func (s *step) killUnhealthy(why string) string { return s.endProcess(endedUnhealthy, why, true) }
