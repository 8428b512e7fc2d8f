package initiator_test

import (
	"encoding/json"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// badINI is a pool of workers with misbehaving handlers.
const badINI = `
[worker:bad]
command            = ${initiator:self} parent
attempts           = 2
retry_delay        = 0
restart_delay      = 10ms
restart_limit      = 100/10min
heartbeat_span     = 200ms
`

// Whatever a handler does, its task ends with a reason that says what happened, and
// the pool goes on.
func TestMisbehavingHandlers(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, badINI)
	for method, want := range map[string]struct {
		state   task.State
		outcome task.Outcome
		survive bool // the worker's process
	}{
		"panic": {task.Dead, task.OutcomeRetry, true},
		"exit":  {task.Dead, task.OutcomeLost, false},
		"leak":  {task.Dead, task.OutcomeLost, false},
	} {
		before := in.Worker("bad").PID
		got := in.Run(task.Request{Pool: "bad", Method: method})
		if got.State != want.state || got.LastOutcome() != want.outcome || got.Reason == "" {
			t.Errorf("%s: %s after %s: %s", method, got.State, got.LastOutcome(), got.Reason)
		}
		if same := in.Worker("bad").PID == before; same != want.survive {
			t.Errorf("%s: the worker's process is the same: %v", method, same)
		}
		if after := in.Run(task.Request{Pool: "bad.default"}); after.State != task.Completed {
			t.Errorf("after %s: %s: %s", method, after.State, after.Reason)
		}
	}
}

func TestPoolWithoutWorkers(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, "[worker:adder]\ncommand = ${initiator:self} job sum\nreplicas = 0\n")
	submit := func(r task.Request) task.Task {
		got, err := in.Client().Submit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	waits := submit(task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`)})
	late := submit(task.Request{Pool: "adder", Deadline: time.Now().Add(50 * time.Millisecond)})
	if got, err := whateverEnd(in.Client().Wait(t.Context(), late.ID)); err != nil || got.State != task.Failed {
		t.Errorf("its deadline has passed: %s, %v", got.State, err)
	}
	if got, err := in.Client().Task(t.Context(), waits.ID); err != nil || got.State != task.Queued {
		t.Errorf("%s, %v", got.State, err)
	}
	if _, err := in.Client().Scale(t.Context(), "adder", 1); err != nil {
		t.Fatal(err)
	}
	if got, err := whateverEnd(in.Client().Wait(t.Context(), waits.ID)); err != nil || got.State != task.Completed {
		t.Errorf("with a worker: %s, %v", got.State, err)
	}
}
