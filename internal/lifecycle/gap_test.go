package lifecycle

import (
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/frozentime"
)

// TestGapMovesTimeouts: in each phase, time that the supervisor did not run
// does not count, and the worker has at least one heartbeat_span more.
func TestGapMovesTimeouts(t *testing.T) {
	const gap, grace = 20 * time.Second, 3 * time.Second
	began := time.Now()
	for _, c := range []struct {
		phase           Phase
		left, wantsLeft time.Duration // of the time-out: before the gap, and after
	}{
		{PhaseSpawning, 10 * time.Second, 10 * time.Second},
		{PhaseStarting, 10 * time.Second, 10 * time.Second},
		{PhaseUnready, 10 * time.Second, 10 * time.Second},
		{PhaseUnready, time.Second, grace},
		{PhaseDraining, 10 * time.Second, 10 * time.Second},
		{PhaseEnding, 10 * time.Second, 10 * time.Second},
		{PhaseClearing, time.Millisecond, grace},
	} {
		before := inPhase(c.phase, began)
		before.Deadline = began.Add(c.left)
		now := began.Add(gap)
		r := before.AfterGap(frozentime.Gap{Stopped: gap}, now)
		if left := r.NextDeadline().Sub(now); left != c.wantsLeft || !r.HasTimeout() {
			t.Errorf("%s: %s are left of %s, want %s", c.phase, left, c.left, c.wantsLeft)
		}
		if after, _, _ := Next(r, Event{Kind: DeadlinePassed}, now); after.Phase != c.phase {
			t.Errorf("%s: after the gap it is %s", c.phase, after.Phase)
		}
		r.Deadline, before.Deadline = time.Time{}, time.Time{}
		if r.LastExit != before.LastExit || !r.Started.Equal(before.Started) || !r.Since.Equal(before.Since) || !r.NextStart.Equal(before.NextStart) {
			t.Errorf("%s: a time that people see has changed: %+v", c.phase, r)
		}
	}
}

// TestGapOfASuspendedMachine: the monotonic clock stood still, so that only the
// grace is granted.
func TestGapOfASuspendedMachine(t *testing.T) {
	now := time.Now()
	r := inPhase(PhaseUnready, now)
	r.Deadline = now.Add(time.Second)
	if left := r.AfterGap(frozentime.Gap{Suspended: time.Hour}, now).Deadline.Sub(now); left != 3*time.Second {
		t.Errorf("%s are left", left)
	}
	r.Deadline = now.Add(time.Minute)
	if left := r.AfterGap(frozentime.Gap{Suspended: time.Hour}, now).Deadline.Sub(now); left != time.Minute {
		t.Errorf("%s are left", left)
	}
}

// TestDetachReason: the tasks of a worker that the initiator has ended get the
// reason of the initiator, and not the signal.
func TestDetachReason(t *testing.T) {
	killed := Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "KILL", Code: -1}}
	for _, c := range []struct {
		name   string
		events []Event
		want   string
	}{
		{"no order", nil, "killed by SIGKILL, after 1m"},
		{"heartbeats", []Event{{Kind: HeartbeatsOverdue}, {Kind: DeadlinePassed}}, "no heartbeat for 15s; worker ended"},
		{"probe", []Event{{Kind: ProbeFailed}, {Kind: ProbeFailed}, {Kind: ProbeFailed, Reason: "GET / answers 500"}}, "probe: GET / answers 500 (3 times in a row); worker ended"},
		{"stuck", []Event{{Kind: TaskStuck, Reason: "task 1 does not stop"}}, "task 1 does not stop; worker ended"},
		{"drain", []Event{{Kind: RestartRequested}, {Kind: DeadlinePassed}}, "asked to restart; tasks still ran after 30s (drain)"},
		{"kill", []Event{{Kind: KillRequested}}, "killed on request"},
	} {
		now := time.Now()
		r := inPhase(PhaseReady, now)
		found := ""
		step := func(e Event, at time.Time) {
			var acts []Action
			r, acts, _ = Next(r, e, at)
			for _, a := range acts {
				if a.Kind == DetachDispatcher {
					found += a.Reason
				}
			}
		}
		for _, e := range c.events {
			now = now.Add(30 * time.Second)
			step(e, now)
		}
		step(killed, r.Started.Add(time.Minute))
		if found != c.want {
			t.Errorf("%s: %q, want %q", c.name, found, c.want)
		}
	}
}
