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

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// TestExitsInTheGapAreJudged: by the law, with their own times, when there is
// somebody again; until then a client's connect waits in the backlog.
func TestExitsInTheGapAreJudged(t *testing.T) {
	d := newDynasty(t, `
[DEFAULT]
on_initiator_exit = keep

[worker:adder]
command  = ${initiator:self} job sum

[worker:once]
command     = sh -c 'trap "exit 7" TERM; while :; do sleep 0.01; done'
contract    = off
autorestart = false

[worker:twice]
command       = sh -c 'trap "exit 3" TERM; while :; do sleep 0.01; done'
contract      = off
restart_limit = 2/10min
`)
	d.up()
	before := d.workers()
	// The first death of this one is seen, the second is not.
	twice := pick(t, before, "twice")
	endBy(t, twice.PID, syscall.SIGTERM)
	twice = d.until(twice.GUID, func(w supervise.Worker) bool { return w.Incarnation == 2 && w.Ready })
	d.kill()
	adder, once := pick(t, before, "adder"), pick(t, before, "once")
	endBy(t, adder.PID, syscall.SIGKILL)
	endBy(t, once.PID, syscall.SIGTERM)
	endBy(t, twice.PID, syscall.SIGTERM)
	conn, err := net.DialTimeout("tcp", adder.Addr, time.Second)
	if err != nil {
		t.Errorf("a connect was refused: %v", err)
	} else {
		conn.Close()
	}
	d.start()
	if line := <-d.ready; !strings.Contains(line, "twice is FATAL") {
		t.Errorf("up says %q", line)
	}
	d.until(adder.GUID, func(w supervise.Worker) bool { return w.Ready })
	after := d.workers()
	if is := after[adder.GUID]; is.Incarnation != 2 || is.Restarts != 1 || is.Port != adder.Port || is.LastExit.Signal != "KILL" {
		t.Errorf("adder is %+v", is)
	}
	if is := after[once.GUID]; is.State != lifecycle.Exited || is.LastExit.Code != 7 || !strings.Contains(is.Reason, "autorestart = false") {
		t.Errorf("once is %+v", is)
	}
	if is := after[twice.GUID]; is.State != lifecycle.Fatal || is.LastExit.Code != 3 || !strings.Contains(is.Reason, "2 deaths within") {
		t.Errorf("twice is %+v", is)
	}
	d.end()
}

// endBy waits until a signal has ended a process.
func endBy(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	dead := ended(t, pid)
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	<-dead
}

// TestAnotherFileInTheGap: what differs is restarted, what is gone is stopped
// and what is new is started, as by a reload.
func TestAnotherFileInTheGap(t *testing.T) {
	const part = "on_initiator_exit = keep\n"
	d := newDynasty(t, "[worker:same]\ncommand = ${initiator:self} job echo\n"+part+
		"[worker:other]\ncommand = ${initiator:self} job echo\n"+part+
		"[worker:gone]\ncommand = ${initiator:self} job echo\n"+part)
	d.up()
	before := d.workers()
	d.kill()
	edit(t, d.ini, "[worker:same]\ncommand = ${initiator:self} job echo\nreplicas = 2\n"+part+
		"[worker:other]\ncommand = ${initiator:self} job echo\numask = 027\n"+part+
		"[worker:new]\ncommand = ${initiator:self} job echo\n")
	d.up()
	other := pick(t, before, "other")
	d.until(other.GUID, func(w supervise.Worker) bool { return w.Ready && w.Incarnation == 2 })
	d.until(pick(t, before, "gone").GUID, func(w supervise.Worker) bool { return w.GUID == "" })
	after, names := d.workers(), map[string]int{}
	for _, w := range after {
		names[w.Name]++
	}
	if names["same"] != 2 || names["other"] != 1 || names["gone"] != 0 || names["new"] != 1 {
		t.Errorf("there are %v", names)
	}
	if same := pick(t, before, "same"); after[same.GUID].PID != same.PID {
		t.Errorf("same is %+v, was %+v", after[same.GUID], same)
	}
	if after[other.GUID].Restarts != 0 {
		t.Errorf("a restart that was asked for counts as one after a death: %+v", after[other.GUID])
	}
	if gone := pick(t, before, "gone"); alive(gone.PID) {
		t.Error("what is gone from the file runs on")
	}
	d.end()
	if _, err := os.Stat(d.path(other.GUID)); !os.IsNotExist(err) {
		t.Errorf("after an orderly end something is noted: %v", err)
	}
}

// TestTaskRunsOnInTheGap, and its result is handed to the next initiator: when
// the session still stands, and when the worker has given its master up.
func TestTaskRunsOnInTheGap(t *testing.T) {
	for name, lost := range map[string]bool{"the session stands": false, "the worker has lost its master": true} {
		t.Run(name, func(t *testing.T) {
			d := newDynasty(t, `
[worker:sleeper]
command             = ${initiator:self} job sleep
on_initiator_exit   = keep
heartbeat_span      = 200ms
heartbeat_tolerance = 1s
`)
			d.up()
			before := d.workers()
			c := d.client()
			defer c.Close()
			one, err := c.Submit(t.Context(), task.Request{Pool: "sleeper", Data: json.RawMessage(`{"ms":400}`)})
			for err == nil && one.State != task.Running {
				one, err = c.Task(t.Context(), one.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			d.kill()
			if lost {
				d.logged("lost the master")
			}
			d.up()
			got, err := c.Wait(t.Context(), one.ID)
			if err != nil || got.State != task.Completed || len(got.History) != 1 || got.History[0].Incarnation != 1 {
				t.Errorf("task %+v, %v", got, err)
			}
			d.same(before)
			d.end()
		})
	}
}

// logged waits until some worker has written that.
func (d *dynasty) logged(what string) {
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
