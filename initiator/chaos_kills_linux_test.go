package initiator_test

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	"initiator/initiator/report"
	"initiator/internal/testlength"
)

// killOrders are the orders in which the initiator and its keeper are killed.
var killOrders = [][]string{{"initiator"}, {"keeper"}, {"initiator", "keeper"}, {"keeper", "initiator"}}

// killPrograms kills the initiator and the keeper in a random order, and starts the
// next initiator. Now and then it kills the next initiator, or its keeper, before
// all workers are ready.
func (c *chaos) killPrograms(ctx context.Context) {
	for again := true; again && ctx.Err() == nil; again = c.rand.IntN(3) == 0 {
		for _, what := range killOrders[c.rand.IntN(len(killOrders))] {
			if what == "keeper" {
				c.killKeepers()
			} else {
				c.killProgram()
				c.kills++
			}
			pauseUpTo(ctx, c.rand, 50*time.Millisecond)
		}
		if c.cmd == nil {
			c.startProgram()
		}
		pauseUpTo(ctx, c.rand, 200*time.Millisecond)
	}
	c.waitReported()
}

// waitReported waits until each worker has been ready under this initiator, so that
// there is time for tasks before the next fault.
func (c *chaos) waitReported() {
	c.t.Helper()
	if c.reported == c.cmd {
		return // only its keeper was killed since then
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), testlength.Patience)
	defer cancel()
	of := c.newClient()
	defer of.Close()
	list, err := of.Workers(ctx)
	for up := map[string]bool{}; !c.noteUp(up, list, err); list, err = of.Workers(ctx) {
		select {
		case _, runs := <-c.ready:
			if !runs {
				c.t.Errorf("it ended by itself; -chaos-seed %d", c.seed)
				return
			}
		case <-ctx.Done():
			c.t.Errorf("it does not come up; -chaos-seed %d: %v %+v", c.seed, err, list)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	c.reported = c.cmd
}

// noteUp notes which workers have been ready, and reports whether all have been,
// except stopped ones. They need not be ready at one moment: tasks end workers all
// the time, and on a busy machine a start takes seconds.
func (c *chaos) noteUp(up map[string]bool, list []report.Worker, err error) bool {
	all := err == nil && len(list) > 0
	for _, w := range list {
		up[w.GUID] = up[w.GUID] || w.Ready || w.State == report.Stopped && w.Incarnation > 0
		all = all && up[w.GUID]
	}
	return all
}

func (c *chaos) killKeepers() {
	for _, pid := range keepersWithMark(c.t, c.mark) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			c.keeperKills++
		}
	}
}

// freezeAll stops every process of the test, and continues them after a time.
func (c *chaos) freezeAll(ctx context.Context, long time.Duration) {
	c.freezes++
	c.freezeTree(ctx, long)
}

func pauseUpTo(ctx context.Context, r *rand.Rand, most time.Duration) bool {
	return pause(ctx, time.Duration(r.Int64N(int64(most))))
}
