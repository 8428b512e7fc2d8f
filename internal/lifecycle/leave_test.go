package lifecycle

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func TestDecideLeave(t *testing.T) {
	for _, tt := range []struct {
		mode   string
		cause  EndCause
		again  bool
		want   bool
		reason string
	}{
		{plan.LeaveNone, endedItself, false, false, "= none"},
		{plan.LeaveNone, endedToStop, false, false, "= none"},
		{"", endedItself, false, false, "= none"}, // a record of an earlier version
		{plan.LeaveExit, endedItself, false, true, "not started again"},
		{plan.LeaveExit, endedItself, true, false, "is started again"},
		{plan.LeaveExit, endedToStop, false, false, "did not end by itself"},
		{plan.LeaveExit, endedToRestart, false, false, "did not end by itself"},
		{plan.LeaveExit, endedUnhealthy, false, false, "did not end by itself"},
		{plan.LeaveAlways, endedItself, true, true, "= always"},
		{plan.LeaveAlways, endedItself, false, true, "= always"},
		{plan.LeaveAlways, endedToStop, false, true, "= always"},
		{plan.LeaveAlways, endedToRestart, false, true, "= always"},
		{plan.LeaveAlways, endedStartTimeout, false, true, "= always"},
		{plan.LeaveAlways, endedUnhealthy, false, true, "= always"},
	} {
		if d := decideLeave(tt.mode, tt.cause, tt.again); d.Leave != tt.want || !strings.Contains(d.Reason, tt.reason) {
			t.Errorf("%q, cause %d, again %t: %+v, want %t and %q", tt.mode, tt.cause, tt.again, d, tt.want, tt.reason)
		}
	}
}

// TestLeaveInTheTable: the order to end a worker carries the decision, and the
// number of what was left is in the reason.
func TestLeaveInTheTable(t *testing.T) {
	now := time.Now()
	exit := func(code int) Event {
		e := Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}, Left: 2}
		if code != 0 {
			e.Exit = report.Exit{Class: report.ExitNonzero, Code: code}
		}
		return e
	}
	for _, tt := range []struct {
		name, mode string
		events     []Event
		leave      bool
		reason     string // after ProcessesGone with two left processes
	}{
		{"it ends for good", plan.LeaveExit, []Event{exit(0)}, true, "will not be restarted (autorestart = unexpected); left 2"},
		{"it ends and is started again", plan.LeaveExit, []Event{exit(1)}, false, ""},
		{"it is stopped", plan.LeaveExit, []Event{{Kind: StopRequested}, {Kind: Drained}}, false, ""},
		{"it ends while it is being stopped", plan.LeaveExit, []Event{{Kind: StopRequested}, exit(0)}, false, ""},
		{"always: it is stopped", plan.LeaveAlways, []Event{{Kind: StopRequested}, {Kind: Drained}, exit(0)}, true, "asked to stop; drained; left 2"},
		{"always: it is restarted", plan.LeaveAlways, []Event{{Kind: RestartRequested}, {Kind: Drained}, exit(0)}, true, "asked to restart; drained; left 2"},
		{"always: it is started again", plan.LeaveAlways, []Event{exit(1)}, true, "will be restarted at once"},
		{"always: it is killed", plan.LeaveAlways, []Event{{Kind: KillRequested}}, true, "killed on request; left 2"},
		{"none", plan.LeaveNone, []Event{exit(0)}, false, ""},
	} {
		r := inPhase(PhaseReady, now)
		r.Spec.LeaveDescendants, r.Left, r.Spec.Restart.Auto = tt.mode, 7, plan.AutoRestartUnexpected
		var acts []Action
		for _, e := range tt.events {
			r, acts, _ = Next(r, e, now)
		}
		if r.Leave != tt.leave {
			t.Errorf("%s: leave = %t, want %t", tt.name, r.Leave, tt.leave)
		}
		if len(tt.events) == 1 && acts[len(acts)-1].Kind != EndProcess {
			t.Errorf("%s: the end is not ordered: %+v", tt.name, acts)
		}
		gone := Event{Kind: ProcessesGone}
		if tt.leave {
			gone.Left = 2
		}
		after, _, reason := Next(r, gone, now)
		if after.Left != gone.Left || !strings.Contains(reason, tt.reason) || !tt.leave && strings.Contains(reason, "left") {
			t.Errorf("%s: left %d: %q, want %q", tt.name, after.Left, reason, tt.reason)
		}
	}
}
