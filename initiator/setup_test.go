package initiator_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// writeFile writes a file, such as an INI that the next reload reads.
func writeFile(t *testing.T, path, ini string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeINI(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	writeFile(t, path, text)
	return path
}

// await polls a condition for which there is no event.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	patience := time.After(testlength.Patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

const adder = `
[worker:adder]
command  = ${initiator:self} job sum
replicas = 2
slots    = 4
`

// awaitTask polls until there is such a task; there is no event for all tasks.
func awaitTask(t *testing.T, in *initiatortest.Server, f task.Filter) task.Task {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(testlength.Patience); time.Now().Before(end); <-tick.C {
		if list, err := in.Client().List(t.Context(), f); err != nil {
			t.Fatal(err)
		} else if len(list) > 0 {
			return list[0]
		}
	}
	t.Fatalf("there is no task as %+v", f)
	return task.Task{}
}

// waitRunning waits until a worker runs a task.
func waitRunning(t *testing.T, in *initiatortest.Server, of task.Task) {
	t.Helper()
	for {
		got, err := in.Client().Task(t.Context(), of.ID)
		if err != nil || got.State.Terminal() {
			t.Fatalf("task is %s: %v", got.State, err)
		}
		if got.State == task.Running {
			return
		}
	}
}

const sleeper = `
[worker:sleeper]
command     = ${initiator:self} job sleep
retry_delay = 0
`

// whateverEnd returns a record without the error of a task that did not complete.
func whateverEnd(t task.Task, err error) (task.Task, error) {
	if errors.As(err, new(*task.FailedError)) {
		return t, nil
	}
	return t, err
}
