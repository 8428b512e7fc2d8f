package initiator_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/task"
)

// namedProblem returns the reason of a problem of the running program; "" = it has no
// such problem.
func (d *restartHarness) namedProblem(name string) string {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	status, err := c.Status(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range status.Problems {
		if p.Name == name {
			return p.Reason
		}
	}
	return ""
}

// expectRefusal submits a task, which must be refused because storing is impossible.
func (d *restartHarness) expectRefusal(words string) {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	got, err := c.Submit(d.t.Context(), task.Request{Pool: "adder", Data: []byte(`{"a":1,"b":2}`)})
	var e *client.Error
	if !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable || !strings.Contains(e.Message, words) {
		d.t.Errorf("submit answers %+v, %v; want 503 with %q", got, err, words)
	}
}

// However the state directory or its tasks vanish, submits are refused at once or
// after the next look, workers run on, and the end of the initiator touches nothing
// that is not its own.
func TestStateVanishes(t *testing.T) {
	for what, c := range map[string]struct {
		vanish  func(state string) error
		problem string
		words   string
	}{
		"the directory is removed": {
			func(state string) error { // in one step: the files of a half removed directory are another problem
				return errors.Join(os.Rename(state, state+".old"), os.RemoveAll(state+".old"))
			}, "state_dir_gone", "was removed or renamed",
		},
		"the directory is renamed": {
			func(state string) error { return os.Rename(state, state+".old") }, "state_dir_gone", "was removed or renamed",
		},
		"another directory is at its path": {
			func(state string) error {
				return errors.Join(os.Rename(state, state+".old"), os.Mkdir(state, 0o700), os.WriteFile(filepath.Join(state, "initiator.sock"), nil, 0o600), os.Mkdir(filepath.Join(state, "kept"), 0o700))
			}, "state_dir_gone", "was replaced by another directory",
		},
		"the tasks are removed": {
			func(state string) error { return os.Remove(filepath.Join(state, "tasks.00000001.log")) }, "task_files_gone", "tasks.00000001.log was removed",
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newRestartHarness(t, adder)
			d.startReady()
			before := d.listWorkers()
			submitter := d.newClient()
			if _, err := submitter.Submit(t.Context(), task.Request{Pool: "adder", Data: []byte(`{"a":1,"b":2}`)}); err != nil {
				t.Fatal(err)
			}
			submitter.Close()
			if err := c.vanish(d.state); err != nil {
				t.Fatal(err)
			}
			await(t, "the problem", func() bool { return d.namedProblem(c.problem) != "" })
			d.expectRefusal(c.words)
			d.expectSameWorkers(before)
			left, err := os.ReadDir(d.state)
			d.stopProgram()
			if after, err2 := os.ReadDir(d.state); what == "another directory is at its path" && (err != nil || err2 != nil || len(after) != len(left)) {
				t.Errorf("the other directory had %v, %v, and has %v, %v", left, err, after, err2)
			}
		})
	}
}
