package initiator_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const napping = `
[worker:napping]
command = ${initiator:self} job sleep
`

// TestTasksOutliveTheInitiator: after kill -9, what was acknowledged is there.
// What was queued is done, and what was running has paid its only attempt.
func TestTasksOutliveTheInitiator(t *testing.T) {
	cmd, mark := up(t, napping)
	state := cmd.Args[3]
	c := client.Unix(filepath.Join(state, "initiator.sock"))
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
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, mark)

	in := initiatortest.Start(t, cmd.Args[2], initiatortest.StateDir(state))
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
