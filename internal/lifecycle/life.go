package lifecycle

import (
	"fmt"
	"time"
)

// The cells of a worker that is RUNNING.

// mature is the tick of a ready worker: the first of its deadlines has passed.
func mature(s *step) string {
	switch {
	case s.passed(s.beatBy()):
		return s.sick(fmt.Sprintf("no WATCHDOG=1 for %s", s.Spec.HeartbeatTolerance))
	case s.passed(s.recycleAt()):
		return s.renewFor(fmt.Sprintf("recycled: it is older than %s", s.Spec.Restart.RecycleAge))
	case s.passed(s.ForgetDeathsAt()):
		s.Deaths = DeathHistory{}
		return fmt.Sprintf("ready for %s: its deaths are forgotten (restart_reset)", s.Spec.Restart.Reset)
	case s.passed(s.sampleAt()):
		s.MemoryMeasured = s.now
		s.act(MeasureMemory)
	}
	return ""
}

// weigh compares what the dispatcher measured with `recycle`.
func weigh(s *step) string {
	law := s.Spec.Restart
	switch {
	case law.RecycleTasks > 0 && s.e.Tasks >= law.RecycleTasks:
		return s.renewFor(fmt.Sprintf("recycled: it has done %s", count(s.e.Tasks, "task")))
	case law.RecycleRSS > 0 && s.e.RSS >= law.RecycleRSS:
		return s.renewFor(fmt.Sprintf("recycled: it holds %d MiB", s.e.RSS>>20))
	}
	return ""
}

// doubt is the dispatcher's verdict that heartbeats are missing. The worker
// gets what is left of its tolerance, counted from its last beat.
func doubt(s *step) string {
	last := s.e.Last
	if last.IsZero() || last.After(s.now) {
		last = s.now
	}
	s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
	why := s.because("heartbeats are overdue")
	if s.Spec.HeartbeatTolerance <= 0 {
		return why
	}
	s.Deadline = last.Add(s.Spec.HeartbeatTolerance)
	if s.passed(s.Deadline) {
		return despair(s)
	}
	return fmt.Sprintf("%s; ended as unhealthy in %s", why, FormatDuration(s.Deadline.Sub(s.now)))
}

// despair is the tick of an unready worker.
func despair(s *step) string {
	switch {
	case !s.passed(s.Deadline):
		return ""
	case s.Stopping:
		return s.sick("it said that it was stopping, and did not")
	}
	return s.sick(fmt.Sprintf("no heartbeat for %s", s.Spec.HeartbeatTolerance))
}

// withdraw makes a worker unready that says so itself. One that is leaving
// has as long as a stop would give it; one that refuses has no deadline, for
// it beats and may change its mind.
func withdraw(s *step) string {
	s.Phase, s.ReadySince = PhaseUnready, time.Time{}
	if s.e.Kind != StopAnnounced {
		s.RefusedConnect = true
		return s.because("it refused the connect")
	}
	s.Stopping, s.Deadline = true, s.now.Add(s.Spec.Drain+s.Spec.StopWait)
	if s.Attached {
		s.act(DrainTasks)
	}
	return "it says that it is stopping"
}

func revive(s *step) string {
	if s.Stopping {
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
	return s.because("ready again")
}

// ail counts a look by `probe` that found the worker unwell. Nothing is said
// to it: it may only be slow, and is asked again before it is ended.
func ail(s *step) string {
	s.ProbeFailures++
	what := s.because("it is unwell")
	if s.ProbeFailures >= s.Spec.Probe.Failures {
		return s.sick(fmt.Sprintf("probe: %s (%s in a row)", what, count(s.ProbeFailures, "time")))
	}
	if s.Phase == PhaseReady {
		s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
	}
	return fmt.Sprintf("probe: %s (%d of %d)", what, s.ProbeFailures, s.Spec.Probe.Failures)
}

// heal is the end of that, unless there is another reason for being unready.
func heal(s *step) string {
	s.ProbeFailures = 0
	if s.Stopping || s.RefusedConnect || !s.Deadline.IsZero() {
		return ""
	}
	s.Phase, s.ReadySince = PhaseReady, s.now
	return "ready again: the probe is satisfied"
}

func beat(s *step) string {
	s.LastBeat = s.now
	return ""
}

// sicken is a verdict from outside that this process must go.
func sicken(s *step) string { return s.sick(s.because("stuck")) }

// sick kills without asking: a process that does not answer cannot be asked,
// and one that is stopped (SIGSTOP) would never hear.
func (s *step) sick(why string) string { return s.end(endedUnhealthy, why, true) }
