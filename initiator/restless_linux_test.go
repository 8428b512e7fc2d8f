package initiator_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"initiator/internal/supervise"
)

// restless is workers in every phase at any moment: one that dies again and
// again, one that takes its time to start, one that says "ready" once and may
// say it to nobody, and one that is stopped and started.
const restless = `
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

[worker:told]
command      = sh -c 'trap "sleep 0.05; exit 0" TERM; while :; do sleep 0.01; done'
before_start = sh -c 'sleep 0.05'
`

// TestKilledAmidRestarts: no count falls, no process is there twice, and who
// said that it is ready is believed.
func TestKilledAmidRestarts(t *testing.T) {
	d := newDynasty(t, restless)
	d.start()
	var last map[string]supervise.Worker
	for range times(t) {
		<-time.After(time.Duration(50+rand.IntN(250)) * time.Millisecond)
		c := d.client()
		if list, err := c.Workers(t.Context()); err == nil {
			now := map[string]supervise.Worker{}
			for _, w := range list {
				now[w.GUID] = w
			}
			last = grown(t, last, now)
		}
		// The answer may never come: that is what it is about.
		go func() {
			defer c.Close()
			_, _ = c.Restart(t.Context(), "told")
		}()
		<-time.After(time.Duration(rand.IntN(60)) * time.Millisecond)
		d.kill()
		single(t, d.mark)
		d.start()
	}
	d.whenListening()
	for _, w := range last {
		if w.Name == "slow" {
			is := d.until(w.GUID, func(w supervise.Worker) bool { return w.Ready })
			if is.Incarnation != 1 {
				t.Errorf("slow is %+v", is)
			}
		}
	}
	last = grown(t, last, d.workers())
	for _, w := range last {
		t.Logf("%s: incarnation %d, %d restarts", w.Name, w.Incarnation, w.Restarts)
	}
	d.end()
}

// whenListening waits until the API answers.
func (d *dynasty) whenListening() {
	d.t.Helper()
	c := d.client()
	defer c.Close()
	for d.t.Context().Err() == nil {
		if _, err := c.Workers(d.t.Context()); err == nil {
			return
		}
	}
}

// grown checks that every worker is known still, and no count has fallen.
func grown(t *testing.T, before, after map[string]supervise.Worker) map[string]supervise.Worker {
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

// single checks that no worker has two leaders.
func single(t *testing.T, mark string) {
	t.Helper()
	leaders := map[string]int{}
	for _, line := range marked(t, mark) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err != nil {
			continue
		}
		guid, incarnation := marksOf(pid)
		if group, err := syscall.Getpgid(pid); err == nil && group == pid && guid != "" && alive(pid) {
			if other, there := leaders[guid]; there {
				t.Errorf("worker %s is both %d and %d (incarnation %s)", guid, other, pid, incarnation)
			}
			leaders[guid] = pid
		}
	}
}
