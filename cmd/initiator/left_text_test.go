package main

import (
	"slices"
	"testing"

	"initiator/initiator/report"
)

func TestLeftTexts(t *testing.T) {
	t.Parallel()
	list := []report.LeftProcess{{PID: 1, StartTime: 10, Command: "sshd: ann", Name: "sshd"}, {PID: 2, StartTime: 20, Command: "x"}}
	want := "left running (leave_descendants): 1 sshd: ann (of sshd), 2 x; no worker has them, and initiator does not end them"
	if lines := statusSummary(report.Status{Left: list}); !slices.Contains(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
	if got := leftNames(append(slices.Repeat(list[1:], shownLeft), list...)); got != "2 x, 2 x, 2 x, 2 x, 2 x and 2 more" {
		t.Errorf("many: %q", got)
	}
	later := append(slices.Clone(list), report.LeftProcess{PID: 1, StartTime: 11})
	if got := newlyLeft(list, later); len(got) != 1 || got[0].StartTime != 11 {
		t.Errorf("newly left: %+v", got)
	}
	stopped := report.Result{EmptyProven: true, Left: 2, Worker: report.Worker{Name: "sshd", State: report.Stopped, Reason: "asked to stop; left 2"}}
	running := report.Result{Left: 2, Worker: report.Worker{Name: "cron", State: report.Running, Reason: "ready after 1s"}}
	if a, b := resultReason(stopped), resultReason(running); a != "asked to stop; left 2" || b != "ready after 1s; left 2" {
		t.Errorf("stop: %q, restart: %q", a, b)
	}
	if got := leftByRequest([]report.Result{stopped, {}, running}); got != "sshd left 2, cron left 2" {
		t.Errorf("for supervisorctl's form: %q", got)
	}
}
