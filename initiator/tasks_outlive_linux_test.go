package initiator_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const nappingINI = `
[worker:napping]
command = ${initiator:self} job sleep
`

// After kill -9 every acknowledged task is stored. Queued tasks are run; the running
// task has used its only attempt.
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
	for _, id := range queued {
		if got, err := in.Wait(t.Context(), id); err != nil || got.State != task.Completed || got.Attempt != 1 {
			t.Fatalf("queued: %+v, %v", got, err)
		}
	}
	got, err := in.Task(t.Context(), runs)
	if err != nil || got.State != task.Dead || !strings.Contains(got.Reason, "the initiator ended") {
		t.Errorf("running: %+v, %v", got, err)
	}
}
