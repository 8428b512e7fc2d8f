package initiator_test

import (
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// suspectsINI is a worker with 8 slots. restart_limit allows the ends of the
// worker in which several tasks are suspects: with 8, 4 and 2.
const suspectsINI = `
[worker:bad]
command       = ${initiator:self} parent
slots         = 8
retry_delay   = 0
restart_delay = 10ms
restart_limit = 4/10min
`

// One task ends its worker each time it runs, and 7 other tasks run beside it. Only
// the first task is charged, and its deaths do not count against the worker.
func TestPoisonTaskAmongOthers(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, suspectsINI)
	if _, err := in.Client().Pause(t.Context(), "bad"); err != nil {
		t.Fatal(err)
	}
	var healthy []task.Task
	submit := func(method string) task.Task {
		got, err := in.Client().Submit(t.Context(), task.Request{Pool: "bad", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 7 {
		healthy = append(healthy, submit("nap"))
	}
	poison := submit("exit")
	if _, err := in.Client().Resume(t.Context(), "bad"); err != nil {
		t.Fatal(err)
	}
	got, err := whateverEnd(in.Client().Wait(t.Context(), poison.ID))
	if err != nil || got.State != task.Dead || got.Attempt != 3 || countOutcomes(got)[task.OutcomeLost] != 3 || countOutcomes(got)[task.OutcomeSuspected] == 0 {
		t.Errorf("poison: %+v, %v", got, err)
	}
	for _, one := range healthy {
		got, err := whateverEnd(in.Client().Wait(t.Context(), one.ID))
		if err != nil || got.State != task.Completed || got.Attempt != 1 || countOutcomes(got)[task.OutcomeSuspected] == 0 {
			t.Errorf("healthy: %+v, %v", got, err)
		}
	}
	w := in.Worker("bad")
	if w.State == report.Fatal || w.Deaths > 3 || w.LastExit.Task != poison.ID.String() {
		t.Errorf("worker: %+v", w)
	}
	if why, err := in.Client().Why(t.Context(), "bad"); err != nil || !strings.Contains(why[0].Sentence, "task "+poison.ID.String()+" ended it") {
		t.Errorf("why: %+v, %v", why, err)
	}
}

func countOutcomes(t task.Task) map[task.Outcome]int {
	n := map[task.Outcome]int{}
	for _, a := range t.History {
		n[a.Outcome]++
	}
	return n
}

// Tasks that end their worker each time do not stop their pool for good: their
// deaths do not count against restart_limit.
func TestPoisonTasksDoNotStopTheirPool(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:bad]
command       = ${initiator:self} parent
attempts      = 2
retry_delay   = 0
restart_delay = 10ms
restart_limit = 3/10min
`)
	for range 3 {
		got := in.Run(task.Request{Pool: "bad", Method: "exit"})
		if got.State != task.Dead || got.Attempt != 2 || countOutcomes(got)[task.OutcomeLost] != 2 {
			t.Fatalf("poison: %+v", got)
		}
	}
	if got := in.Run(task.Request{Pool: "bad", Method: "nap"}); got.State != task.Completed {
		t.Errorf("healthy: %+v", got)
	}
	if w := in.Worker("bad"); w.Deaths != 0 || w.Incarnation != 7 {
		t.Errorf("worker: %+v", w)
	}
}

// A task that runs at most once is dead after the first attempt that reached a
// worker. A request can say so for one task of a pool that says otherwise.
func TestAtMostOnce(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:once]
command       = ${initiator:self} parent
at_most_once  = true
restart_delay = 10ms

[worker:often]
command       = ${initiator:self} parent
retry_delay   = 0
restart_delay = 10ms
`)
	yes := true
	for _, r := range []task.Request{{Pool: "once", Method: "exit"}, {Pool: "often", Method: "exit", AtMostOnce: &yes}} {
		got := in.Run(r)
		if got.State != task.Dead || len(got.History) != 1 || !strings.Contains(got.Reason, "lost: exit code 3") || !strings.Contains(got.Reason, "at_most_once allows no other attempt, because this one reached a worker") {
			t.Errorf("%+v", got)
		}
	}
	if got := in.Run(task.Request{Pool: "often", Method: "exit"}); len(got.History) != 3 {
		t.Errorf("%+v", got)
	}
}
