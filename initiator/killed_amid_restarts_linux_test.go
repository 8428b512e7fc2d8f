package initiator_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
)

// restlessINI has workers in every phase at any moment: a worker that dies again and
// again, a worker that starts slowly and writes its ready line once, possibly while no
// initiator runs, and a worker that is restarted.
const restlessINI = `
[DEFAULT]
on_initiator_exit = keep
contract          = off

[worker:dies]
command           = sh -c 'sleep 0.0$$(( $$$$ % 9 + 1 )); exit 3'
restart_limit     = 100000/1min
restart_delay     = 10ms
restart_delay_max = 10ms

[worker:slow]
command = sh -c 'sleep 0.4; echo here I am; exec sleep 1000'
ready   = line:^here I am$$

[worker:restarted]
command      = sh -c 'trap "sleep 0.05; exit 0" TERM; while :; do sleep 0.1; done'
before_start = sh -c 'sleep 0.05'
`

// No count falls, no worker has two processes, and a worker that has reported ready
// stays ready.
func TestKilledAmidRestarts(t *testing.T) {
	d := newRestartHarness(t, restlessINI)
	d.startProgram()
	var last map[string]report.Worker
	for range *killsFlag {
		<-time.After(time.Duration(50+rand.IntN(250)) * time.Millisecond)
		c := d.newClient()
		if list, err := c.Workers(t.Context()); err == nil {
			now := map[string]report.Worker{}
			for _, w := range list {
				now[w.GUID] = w
			}
			last = expectCountsGrown(t, last, now)
		}
		// The answer may never come, because the initiator is killed meanwhile.
		go func() {
			defer c.Close()
			_, _ = c.Restart(t.Context(), "restarted")
		}()
		<-time.After(time.Duration(rand.IntN(60)) * time.Millisecond)
		d.killProgram()
		expectOneLeader(t, d.mark)
		d.startProgram()
	}
	d.waitListening()
	for _, w := range last {
		if w.Name == "slow" {
			is := d.waitWorker(w.GUID, func(w report.Worker) bool { return w.Ready })
			if is.Incarnation != 1 {
				t.Errorf("slow is %+v", is)
			}
		}
	}
	last = expectCountsGrown(t, last, d.listWorkers())
	for _, w := range last {
		t.Logf("%s: incarnation %d, %d restarts", w.Name, w.Incarnation, w.Restarts)
	}
	d.stopProgram()
}

// whenListening waits until the API answers.
func (d *restartHarness) waitListening() {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	for d.t.Context().Err() == nil {
		if _, err := c.Workers(d.t.Context()); err == nil {
			return
		}
	}
}

// expectCountsGrown checks that every worker is still known and no count has fallen.
func expectCountsGrown(t *testing.T, before, after map[string]report.Worker) map[string]report.Worker {
	t.Helper()
	for guid, was := range before {
		is, known := after[guid]
		if !known || is.Incarnation < was.Incarnation || is.Restarts < was.Restarts {
			t.Errorf("%s is %+v\nand was %+v", was.Name, is, was)
		}
	}
	if len(after) != 3 {
		t.Errorf("there are %d workers", len(after))
	}
	return after
}

// expectOneLeader checks that no worker has two process group leaders.
func expectOneLeader(t *testing.T, mark string) {
	t.Helper()
	leaders := map[string]int{}
	for _, line := range markedProcesses(t, mark) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err != nil {
			continue
		}
		guid, incarnation := readMarks(pid)
		if group, err := syscall.Getpgid(pid); err == nil && group == pid && guid != "" && isAlive(pid) {
			if other, there := leaders[guid]; there {
				t.Errorf("worker %s is both %d and %d (incarnation %s)", guid, other, pid, incarnation)
			}
			leaders[guid] = pid
		}
	}
}
