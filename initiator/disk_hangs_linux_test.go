package initiator_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/testdisk"
)

// hangingINI has a worker with tasks and a worker that writes all the time.
const hangingINI = `
[DEFAULT]
heartbeat_span      = 200ms
heartbeat_tolerance = 1s
restart_delay       = 10ms

[worker:adder]
command = ${initiator:self} job sum

[worker:writer]
command  = sh -c 'while :; do echo a line of some length; sleep 0.02; done'
contract = off
%s
`

// While the disk of the state directory hangs, heartbeats, status and restarts go
// on. No task is acknowledged and none is lost, and status says what hangs.
func TestStateDiskHangs(t *testing.T) {
	t.Parallel()
	d := newRestartHarness(t, fmt.Sprintf(hangingINI, ""))
	disk := testdisk.Need(t, d.state, 16<<20)
	d.startReady()
	before := d.listWorkers()
	c := d.newClient()
	defer c.Close()
	if err := disk.Hang(); err != nil {
		t.Fatal(err)
	}
	paused, submitted := make(chan error, 1), make(chan error, 1)
	var one task.Task
	go func() {
		_, err := c.Pause(t.Context(), "adder")
		paused <- err
	}()
	go func() {
		var err error
		one, err = c.Submit(t.Context(), task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":2}`)})
		submitted <- err
	}()
	await(t, "word of the disk", func() bool { // which comes later than heartbeat_tolerance
		status, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(status.StorageError, "has not answered for")
	})
	d.expectSameWorkers(before)
	adder := workerNamed(t, before, "adder")
	signalAndWait(t, adder.PID, syscall.SIGKILL)
	d.waitWorker(adder.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
	select {
	case err := <-submitted:
		t.Errorf("submitted while the disk hangs: %+v, %v", one, err)
	case err := <-paused:
		t.Errorf("paused while the disk hangs: %v", err)
	default:
	}
	disk.Release()
	for what, done := range map[string]chan error{"pause": paused, "submit": submitted} {
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := c.Resume(t.Context(), "adder"); err != nil {
		t.Fatal(err)
	}
	if got := waitEnd(t, c, one.ID); got.State != task.Completed {
		t.Errorf("the task is %s: %s", got.State, got.Reason)
	}
	if status, err := c.Status(t.Context()); err != nil || status.StorageError != "" {
		t.Errorf("status says %q, %v", status.StorageError, err)
	}
	d.stopProgram()
}

// A worker whose log is on a disk that hangs runs on, and so do the others. They
// can be stopped and started, and the initiator ends.
func TestLogDiskHangs(t *testing.T) {
	t.Parallel()
	logs := filepath.Join(t.TempDir(), "logs")
	disk := testdisk.Need(t, logs, 16<<20)
	d := newRestartHarness(t, fmt.Sprintf(hangingINI, "stdout_logfile = "+logs+"/out.log\nstderr_logfile = "+logs+"/err.log"))
	d.startReady()
	before := d.listWorkers()
	c := d.newClient()
	defer c.Close()
	if err := disk.Hang(); err != nil {
		t.Fatal(err)
	}
	for _, w := range before {
		if _, err := c.Restart(t.Context(), w.Name); err != nil {
			t.Error(err)
		}
		d.waitWorker(w.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
	}
	one, err := c.Submit(t.Context(), task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":2}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := waitEnd(t, c, one.ID); got.State != task.Completed || len(got.History) != 1 {
		t.Errorf("the task is %s: %s", got.State, got.Reason)
	}
	adder := workerNamed(t, d.listWorkers(), "adder")
	signalAndWait(t, adder.PID, syscall.SIGKILL)
	d.waitWorker(adder.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 3 })
	for _, name := range []string{"adder", "writer"} {
		results, err := c.Stop(t.Context(), name)
		if err != nil || results[0].Error != "" || !results[0].EmptyProven {
			t.Errorf("stop %s: %+v, %v", name, results, err)
		}
	}
	if _, err := c.Start(t.Context(), "writer"); err != nil {
		t.Error(err)
	}
	if err := c.Shutdown(t.Context(), true); err != nil { // as the second Ctrl-C
		t.Error(err)
	}
	for range d.ready { // until it has ended
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	d.cmd = nil
}
