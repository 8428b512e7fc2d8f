package initiator_test

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	"initiator/initiator/initiatortest"
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

// waitReported waits until the initiator says that its workers are ready, so that
// there is time for tasks before the next fault.
func (c *chaos) waitReported() {
	c.t.Helper()
	if c.reported == c.cmd {
		return // only its keeper was killed since then
	}
	select {
	case <-c.ready:
		c.reported = c.cmd
	case <-time.After(initiatortest.Patience):
		c.t.Errorf("it does not come up; -chaos-seed %d", c.seed)
	}
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
