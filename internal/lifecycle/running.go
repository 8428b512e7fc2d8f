package lifecycle

import (
	"fmt"
	"time"

	"initiator/initiator/report"
)

// The cells of a worker that is RUNNING.

// checkReady handles the deadlines of a ready worker.
func checkReady(s *step) string {
	switch {
	case s.hasPassed(s.MainDeadline):
		return s.giveUpMain()
	case s.hasPassed(s.nextBeatDue()):
		return s.awaitLateReport("WATCHDOG=1 is overdue", s.now)
	case s.hasPassed(s.recycleAt()):
		return s.recycle(fmt.Sprintf("it is older than %s", s.Spec.Restart.RecycleAge))
	case s.hasPassed(s.ForgetDeathsAt()):
		s.Deaths = DeathHistory{}
		return fmt.Sprintf("ready for %s: its deaths are forgotten (restart_reset)", s.Spec.Restart.Reset)
	case s.hasPassed(s.measureMemoryAt()):
		s.MemoryMeasured = s.now
		s.addAction(MeasureMemory)
	}
	return ""
}

// recycle replaces a healthy worker. The reason is kept with the exit of its
// process.
func (s *step) recycle(why string) string {
	why = "recycled: " + why
	s.acts = append(s.acts, Action{Kind: LogRecycle, Reason: why})
	return s.drainThenEnd(endedToRestart, why)
}

// checkRecycle compares the measured tasks and memory with `recycle`. A report
// without the memory comes after a task, or from a worker that does not measure
// itself: the memory is then measured here.
func checkRecycle(s *step) string {
	policy := s.Spec.Restart
	switch {
	case policy.RecycleTasks > 0 && s.e.Tasks >= policy.RecycleTasks:
		return s.recycle(fmt.Sprintf("it has done %s", countNoun(s.e.Tasks, "task")))
	case policy.RecycleRSS > 0 && s.e.RSS >= policy.RecycleRSS:
		return s.recycle(fmt.Sprintf("it holds %d MiB", s.e.RSS>>20))
	case policy.RecycleRSS > 0 && s.e.RSS == 0:
		s.addAction(MeasureMemory)
	}
	return ""
}

// heartbeatsOverdue handles the dispatcher's report that heartbeats are
// missing. The worker has until heartbeat_tolerance after its last heartbeat.
func heartbeatsOverdue(s *step) string {
	last := s.e.Last
	if last.IsZero() || last.After(s.now) {
		last = s.now
	}
	why := s.reasonOr("heartbeats are overdue")
	if s.Spec.HeartbeatTolerance <= 0 {
		s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
		return why
	}
	return s.awaitLateReport(why, last.Add(s.Spec.HeartbeatTolerance))
}

// awaitLateReport makes a worker unready whose report is late, and lets it live
// until the given time, or for the grace if that is longer. It never ends the
// worker at once: while no worker had a time-out, the supervisor did not check
// that it ran itself.
func (s *step) awaitLateReport(why string, until time.Time) string {
	s.Phase, s.ReadySince = PhaseUnready, time.Time{}
	s.Deadline = laterTime(until, s.now.Add(s.grace()))
	return fmt.Sprintf("%s; ended as unhealthy in %s", why, FormatDuration(s.Deadline.Sub(s.now)))
}

// checkUnready handles the deadline of an unready worker.
func checkUnready(s *step) string {
	switch {
	case s.hasPassed(s.MainDeadline):
		return s.giveUpMain()
	case !s.hasPassed(s.Deadline):
		return ""
	case s.AnnouncedStop:
		return s.endUnhealthy("it said that it was stopping, and did not")
	}
	report := "heartbeat"
	if s.hasPassed(s.nextBeatDue()) {
		report = "WATCHDOG=1"
	}
	return s.endUnhealthy(fmt.Sprintf("no %s for %s", report, s.Spec.HeartbeatTolerance))
}

// becomeUnready handles a worker that reports itself that it is not ready. A
// worker that announces its end has as long as a stop would give it. A worker
// that refuses the connect has no deadline: it sends heartbeats and may change
// its answer.
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
		s.Deadline = time.Time{} // heartbeats arrive, but the probe still fails
		return ""
	}
	s.Phase, s.ReadySince, s.Deadline = PhaseReady, s.now, time.Time{}
	return s.reasonOr("ready again")
}

// countProbeFailure handles a failed liveness probe. It sends nothing to the
// worker: a slow worker is probed again before it is ended.
func countProbeFailure(s *step) string {
	s.ProbeFailures++
	what := s.reasonOr("it is unwell")
	if s.ProbeFailures >= s.Spec.Probe.Failures {
		return s.endUnhealthy(fmt.Sprintf("probe: %s (%s in a row)", what, countNoun(s.ProbeFailures, "time")))
	}
	if s.Phase == PhaseReady {
		s.Phase, s.ReadySince, s.Deadline = PhaseUnready, time.Time{}, time.Time{}
	}
	return fmt.Sprintf("probe: %s (%d of %d)", what, s.ProbeFailures, s.Spec.Probe.Failures)
}

// clearProbeFailures handles a successful liveness probe. The worker is ready
// again, unless there is another reason for being unready.
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

// endStuck ends a process on the dispatcher's report.
func endStuck(s *step) string { return s.endUnhealthy(s.reasonOr("stuck")) }

// endUnhealthy ends a process as every other stop does, but without a drain: its
// tasks are fenced and queued again at once. A process that is suspended
// (SIGSTOP) gets the signal too, because CONT follows.
func (s *step) endUnhealthy(why string) string {
	s.Cause, s.CauseReason = endedUnhealthy, why
	s.detachDispatcher(s.e.Task, DetachDied, s.detachReason(report.Exit{}))
	return s.endProcess(endedUnhealthy, why, false)
}
