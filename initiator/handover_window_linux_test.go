package initiator_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
)

// Exits between two initiators are judged by the restart policy, with their own
// times, once the next initiator runs. Until then a client's connect waits in the
// backlog.
func TestExitsInHandoverWindow(t *testing.T) {
	d := newRestartHarness(t, `
[DEFAULT]
on_initiator_exit = keep

[worker:adder]
command  = ${initiator:self} job sum

[worker:once]
command     = sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
contract    = off
autorestart = false

[worker:twice]
command       = sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
contract      = off
restart_limit = 2/10min
`)
	d.startReady()
	before := d.listWorkers()
	// The initiator sees the first death of this worker, but not the second.
	twice := workerNamed(t, before, "twice")
	signalAndWait(t, twice.PID, syscall.SIGTERM)
	twice = d.waitWorker(twice.GUID, func(w report.Worker) bool { return w.Incarnation == 2 && w.Ready })
	d.killProgram()
	adder, once := workerNamed(t, before, "adder"), workerNamed(t, before, "once")
	signalAndWait(t, adder.PID, syscall.SIGKILL)
	signalAndWait(t, once.PID, syscall.SIGTERM)
	signalAndWait(t, twice.PID, syscall.SIGTERM)
	conn, err := net.DialTimeout("tcp", adder.Addr, time.Second)
	if err != nil {
		t.Errorf("a connect was refused: %v", err)
	} else {
		conn.Close()
	}
	d.startProgram()
	if line := <-d.ready; !strings.Contains(line, "twice is FATAL") {
		t.Errorf("up says %q", line)
	}
	d.waitWorker(adder.GUID, func(w report.Worker) bool { return w.Ready })
	after := d.listWorkers()
	if is := after[adder.GUID]; is.Incarnation != 2 || is.Restarts != 1 || is.Port != adder.Port || is.LastExit.Signal != "KILL" {
		t.Errorf("adder is %+v", is)
	}
	if is := after[once.GUID]; is.State != report.Exited || is.LastExit.Code != 7 || !strings.Contains(is.Reason, "autorestart = false") {
		t.Errorf("once is %+v", is)
	}
	if is := after[twice.GUID]; is.State != report.Fatal || is.LastExit.Code != 3 || !strings.Contains(is.Reason, "2 deaths within") {
		t.Errorf("twice is %+v", is)
	}
	d.stopProgram()
}

// Workers whose definition differs are restarted, removed workers are stopped, and new
// workers are started, as by a reload.
func TestINIChangedInHandoverWindow(t *testing.T) {
	const part = "on_initiator_exit = keep\n"
	d := newRestartHarness(t, "[worker:same]\ncommand = ${initiator:self} job echo\n"+part+
		"[worker:other]\ncommand = ${initiator:self} job echo\n"+part+
		"[worker:gone]\ncommand = ${initiator:self} job echo\n"+part)
	d.startReady()
	before := d.listWorkers()
	d.killProgram()
	writeFile(t, d.ini, "[worker:same]\ncommand = ${initiator:self} job echo\nreplicas = 2\n"+part+
		"[worker:other]\ncommand = ${initiator:self} job echo\numask = 027\n"+part+
		"[worker:new]\ncommand = ${initiator:self} job echo\n")
	d.startReady()
	other := workerNamed(t, before, "other")
	d.waitWorker(other.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
	d.waitWorker(workerNamed(t, before, "gone").GUID, func(w report.Worker) bool { return w.GUID == "" })
	after, names := d.listWorkers(), map[string]int{}
	for _, w := range after {
		names[w.Name]++
	}
	if names["same"] != 2 || names["other"] != 1 || names["gone"] != 0 || names["new"] != 1 {
		t.Errorf("there are %v", names)
	}
	if same := workerNamed(t, before, "same"); after[same.GUID].PID != same.PID {
		t.Errorf("same is %+v, was %+v", after[same.GUID], same)
	}
	if after[other.GUID].Restarts != 0 {
		t.Errorf("a requested restart counts as a restart after a death: %+v", after[other.GUID])
	}
	if waitNoProcess := workerNamed(t, before, "gone"); isAlive(waitNoProcess.PID) {
		t.Error("a worker that was removed from the file runs on")
	}
	d.stopProgram()
	if _, err := os.Stat(d.snapshotPath(other.GUID)); !os.IsNotExist(err) {
		t.Errorf("after an end in order a snapshot is left: %v", err)
	}
}

// The time-out of a task passes while no initiator runs. The worker has ended the
// task in time, and delivers the result to the next initiator.
func TestTimeoutInHandoverWindow(t *testing.T) {
	t.Parallel()
	d := newRestartHarness(t, `
[worker:sleeper]
command           = ${initiator:self} job sleep
on_initiator_exit = keep
attempts          = 1
`)
	d.startReady()
	c := d.newClient()
	defer c.Close()
	timeout := task.Seconds(1500 * time.Millisecond)
	id := submitRunning(t, c, task.Request{Pool: "sleeper", Data: json.RawMessage(`{"ms":300}`), Timeout: &timeout})
	d.killProgram()
	pause(t.Context(), timeout.Duration())
	d.startReady()
	if got := waitEnd(t, c, id); got.State != task.Completed || got.Attempt != 1 || len(got.History) != 1 {
		text, _ := json.Marshal(got)
		t.Errorf("%s: %s", got.State, text)
	}
	d.stopProgram()
}

// A task runs on between two initiators, and the next initiator gets its result: with
// a session that is still valid, and when the worker has given up its master.
func TestTaskRunsOnInHandoverWindow(t *testing.T) {
	for name, lost := range map[string]bool{"the session is valid": false, "the worker has lost its master": true} {
		t.Run(name, func(t *testing.T) {
			d := newRestartHarness(t, `
[worker:sleeper]
command             = ${initiator:self} job sleep
on_initiator_exit   = keep
heartbeat_span      = 200ms
heartbeat_tolerance = 1s
`)
			d.startReady()
			before := d.listWorkers()
			c := d.newClient()
			defer c.Close()
			one, err := c.Submit(t.Context(), task.Request{Pool: "sleeper", Data: json.RawMessage(`{"ms":400}`)})
			for err == nil && one.State != task.Running {
				one, err = c.Task(t.Context(), one.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			d.killProgram()
			if lost {
				d.waitLogged("lost the master")
			}
			d.startReady()
			got, err := c.Wait(t.Context(), one.ID)
			if err != nil || got.State != task.Completed || len(got.History) != 1 || got.History[0].Incarnation != 1 {
				t.Errorf("task %+v, %v", got, err)
			}
			d.expectSameWorkers(before)
			d.stopProgram()
		})
	}
}

// waitLogged waits until a worker has written a text.
func (d *restartHarness) waitLogged(what string) {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		logs, err := filepath.Glob(filepath.Join(d.state, "logs", "*"))
		if err != nil {
			d.t.Fatal(err)
		}
		for _, path := range logs {
			if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), what) {
				return
			}
		}
	}
}
