package initiator_test

import (
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const nappingINI = `
[worker:napping]
command = ${initiator:self} job sleep
`

// After kill -9 every acknowledged task is stored. Queued tasks are run. The running
// task is run again: its only attempt was interrupted and does not count.
func TestTasksOutliveInitiator(t *testing.T) {
	d := newRestartHarness(t, nappingINI)
	d.startReady()
	c := d.newClient()
	defer c.Close()
	submit := func(data string, attempts int) uuid.UUID {
		got, err := c.Submit(t.Context(), task.Request{Pool: "napping", Data: []byte(data), Attempts: attempts})
		if err != nil {
			t.Fatal(err)
		}
		return got.ID
	}
	runs := submit(`{"seconds": 1000}`, 1)
	for {
		if got, err := c.Task(t.Context(), runs); err != nil || got.State == task.Running {
			break
		}
	}
	var queued []uuid.UUID
	for range 20 {
		queued = append(queued, submit(`{"seconds": 0}`, 3))
	}
	d.killProgram()
	waitNoProcess(t, d.mark)

	in := initiatortest.Start(t, d.ini, initiatortest.StateDir(d.state))
	got, err := in.Client().Task(t.Context(), runs)
	if err != nil || got.Attempt != got.Tries()-1 || got.Interruptions != 1 || got.History[0].Outcome != task.OutcomeInterrupted || got.History[0].Error != "the initiator ended while the task ran" {
		t.Errorf("running: %+v, %v", got, err)
	}
	if _, err := in.Client().Cancel(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	for _, id := range queued {
		if got, err := whateverEnd(in.Client().Wait(t.Context(), id)); err != nil || got.State != task.Completed || got.Attempt != 1 {
			t.Fatalf("queued: %+v, %v", got, err)
		}
	}
}
