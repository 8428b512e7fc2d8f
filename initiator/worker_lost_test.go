package initiator_test

import (
	"encoding/json"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// A worker that is killed during a task is restarted on the same port, and the new
// incarnation runs the task again.
func TestWorkerKilledDuringTask(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, sleeper)
	first := in.Worker("sleeper")
	queued, err := in.Client().Submit(t.Context(), task.Request{Pool: "sleeper", Data: json.RawMessage(`{"ms":300}`)})
	if err != nil {
		t.Fatal(err)
	}
	waitRunning(t, in, queued)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got, err := whateverEnd(in.Client().Wait(t.Context(), queued.ID))
	if err != nil || got.State != task.Completed {
		t.Fatalf("task: %+v, %v", got, err)
	}
	second := in.Worker("sleeper")
	if second.Port != first.Port || second.Incarnation != 2 || second.PID == first.PID || second.GUID != first.GUID {
		t.Errorf("restarted as %+v, was %+v", second, first)
	}
	if len(got.History) != 2 || got.History[0].Outcome != task.OutcomeLost || got.History[0].Incarnation != 1 || got.History[1].Incarnation != 2 {
		t.Errorf("history %+v", got.History)
	}
	if second.LastExit.Signal != "KILL" {
		t.Errorf("last exit %+v", second.LastExit)
	}
}

// A task that ends its worker each time is dead after its attempts, and the worker
// serves the next task. A panic is tried again in the same worker.
func TestPoisonTaskDies(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:crash]
command     = ${initiator:self} job crash
attempts    = 2
retry_delay = 0
restart_delay = 0
`)
	got := in.Run(task.Request{Pool: "crash", Data: json.RawMessage(`{"how":"exit","code":3}`)})
	if got.State != task.Dead || len(got.History) != 2 {
		t.Errorf("poison: %+v", got)
	}
	in.WaitFor("crash", func(w report.Worker) bool { return w.Ready && w.Incarnation == 3 })
	if got := in.Run(task.Request{Pool: "crash", Data: json.RawMessage(`{"how":"panic"}`)}); got.State != task.Dead || len(got.History) != 2 {
		t.Errorf("panic: %+v", got)
	}
}

// A worker with a missing command is FATAL with the reason, and other workers run.
func TestMissingCommandIsFatal(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder+`
[worker:ghost]
command       = ./no-such-program
restart_limit = 1/1min
`, initiatortest.NoWait())
	ghost := in.WaitFor("ghost", func(w report.Worker) bool { return w.State == report.Fatal })
	t.Log(ghost.Reason)
	if got := in.Call("adder", json.RawMessage(`{"a":1,"b":1}`)); got != `{"sum":2}` {
		t.Errorf("got %s", got)
	}
	if err := in.Initiator().Ready(t.Context()); err == nil {
		t.Error("Ready did not name the worker that is FATAL")
	}
}
