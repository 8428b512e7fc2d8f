package initiator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// chargesINI has pools whose workers end only for reasons that charge no
// healthy task.
func chargesINI(journals, logs string) string {
	ini := `
[DEFAULT]
heartbeat_span      = 200ms
heartbeat_tolerance = 4s
restart_delay       = 10ms
restart_delay_max   = 100ms
restart_limit       = 100000/1s
retry_delay         = 10ms
retry_delay_max     = 100ms
attempts            = 3
drain               = 200ms
stopwaitsecs        = 1
slots               = 4
replicas            = 2
`
	for _, name := range chargesPools {
		onExit, transport, _ := strings.Cut(name, "-")
		ini += fmt.Sprintf(`
[worker:%s]
command           = ${initiator:self} misbehave %s --guid {guid} --port {port} -%s
on_initiator_exit = %s
`, name, journals, transport, onExit)
		if name == "keep-direct" {
			ini += logKeys(logs)
		}
	}
	return ini
}

// chargesPools are named by on_initiator_exit and the transport of their tasks.
var chargesPools = []string{"stop-direct", "keep-direct", "keep-webhook"}

// The kinds of tasks of TestChaosCharges, as their keys begin.
const (
	healthyTask       = "healthy"       // completes, maybe after failures of its own
	poisonTask        = "poison"        // ends its worker each time
	stuckTask         = "stuck"         // does not end at its time-out, so that its worker is ended
	undeliverableTask = "undeliverable" // has a result that cannot be sent
)

// Whatever is killed, frozen or restarted, and whatever other tasks do: a healthy
// task is charged only for its own failures, a poison task for each worker that it
// ended alone, and a task whose result cannot be sent fails at once.
func TestChaosCharges(t *testing.T) {
	t.Parallel()
	c := newChaos(t, chargesINI)
	c.startReady()
	c.reported = c.cmd
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for n := range uint64(3) {
		c.group.Go(func() { c.submitHealthy(ctx, n, rand.New(rand.NewPCG(c.seed, 1+n))) })
	}
	c.group.Go(func() { c.submitHarmful(ctx, rand.New(rand.NewPCG(c.seed, 9))) })
	if *chaosTime >= 10*time.Second {
		c.group.Go(func() { c.submitStuck(ctx, rand.New(rand.NewPCG(c.seed, 10))) })
	}
	c.inject(ctx, c.injectUncharged)
	stop()
	c.group.Wait()
	c.healDisks()
	c.startPools()
	for _, one := range c.checkAcknowledged() {
		c.checkCharges(one)
	}
	if t.Failed() {
		t.Logf("seen with -chaos-seed %d", c.seed)
	}
	c.stopProgram()
	t.Logf("killed %d initiators and %d keepers, froze everything %d times, restarted %d pools", c.kills, c.keeperKills, c.freezes, c.restarts)
}

// injectUncharged makes faults that charge no task, until ctx is done. It freezes
// everything once at least.
func (c *chaos) injectUncharged(ctx context.Context) {
	for n := 0; ctx.Err() == nil || c.freezes == 0; n++ {
		pauseUpTo(ctx, c.rand, 300*time.Millisecond)
		switch what := c.rand.IntN(10); {
		case n == 0:
			c.killPrograms(ctx)
		case n == 1 || what == 0:
			// Longer than heartbeat_tolerance and the time-out of the tasks. A loop
			// that runs once a second notices a gap of more than 3 s.
			c.freezeAll(c.t.Context(), 4200*time.Millisecond+c.pickLength())
		case n == 2 || n == 3 || what >= 8:
			c.faultDisk(ctx)
		case what < 5:
			c.killPrograms(ctx)
		default:
			c.restartPool(ctx)
		}
	}
	c.waitReported()
}

// restartPool restarts a pool, or stops and starts it.
func (c *chaos) restartPool(ctx context.Context) {
	of := c.newClient()
	defer of.Close()
	pool := chargesPools[c.rand.IntN(len(chargesPools))]
	if c.rand.IntN(2) == 0 {
		_, _ = of.Restart(ctx, pool) // startPools makes up for what failed
	} else {
		_, _ = of.Stop(ctx, pool)
		_, _ = of.Start(ctx, pool)
	}
	c.restarts++
}

// startPools starts every pool that restartPool has left stopped.
func (c *chaos) startPools() {
	of := c.newClient()
	defer of.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), testlength.Patience)
	defer cancel()
	for _, err := of.Start(ctx, chargesPools...); err != nil; _, err = of.Start(ctx, chargesPools...) {
		if !pause(ctx, 20*time.Millisecond) {
			c.t.Fatal(err)
		}
	}
}

// submitHealthy submits healthy tasks until ctx is done. Some fail twice, some run
// for longer than drain, and some have a time-out that is shorter than a freeze.
func (c *chaos) submitHealthy(ctx context.Context, client uint64, r *rand.Rand) {
	v := &chaosClient{c, r, c.newClient()}
	defer v.to.Close()
	var ids []uuid.UUID
	for n := 0; ctx.Err() == nil; n++ {
		if len(ids) == unfinishedTasks { // otherwise the tasks at the end would be as many as an outage is long
			v.waitTask(ctx, ids[0])
			ids = ids[1:]
		}
		d, q := chaosJob{MS: r.IntN(60)}, task.Request{}
		switch r.IntN(10) {
		case 0:
			d.MS = 600
		case 1:
			d.How = "retry"
		case 2, 3, 4:
			timeout := task.Seconds(2 * time.Second)
			q.Timeout = &timeout
		}
		if id, ok := v.submitKind(ctx, fmt.Sprintf("%s-%d-%d", healthyTask, client, n), d, q); ok {
			ids = append(ids, id)
		}
		pauseUpTo(ctx, r, 30*time.Millisecond)
	}
}

// submitHarmful submits the other kinds of tasks until ctx is done.
func (c *chaos) submitHarmful(ctx context.Context, r *rand.Rand) {
	v := &chaosClient{c, r, c.newClient()}
	defer v.to.Close()
	for n := 0; pauseUpTo(ctx, r, time.Second); n++ {
		id, _ := v.submitKind(ctx, fmt.Sprintf("%s-%d", poisonTask, n), chaosJob{MS: r.IntN(60), How: "exit"}, task.Request{Attempts: 1 + r.IntN(3)})
		v.waitTask(ctx, id)
		v.submitKind(ctx, fmt.Sprintf("%s-%d", undeliverableTask, n), chaosJob{How: "unencodable"}, task.Request{})
	}
}

// submitStuck submits tasks that do not stop until ctx is done. Each attempt keeps a
// slot for the grace of more than 10 s, so the next task follows the end of the one
// before: otherwise their number at the end would grow with the length of the run.
func (c *chaos) submitStuck(ctx context.Context, r *rand.Rand) {
	v := &chaosClient{c, r, c.newClient()}
	defer v.to.Close()
	timeout := task.Seconds(300 * time.Millisecond)
	for n := 0; ctx.Err() == nil; n++ {
		id, _ := v.submitKind(ctx, fmt.Sprintf("%s-%d", stuckTask, n), chaosJob{How: "hang"}, task.Request{Timeout: &timeout, Attempts: 1 + r.IntN(2)})
		v.waitTask(ctx, id)
	}
}

// unfinishedTasks bounds how many tasks of one client have not ended.
const unfinishedTasks = 20

// waitTask waits for the end of a task, or of ctx.
func (v *chaosClient) waitTask(ctx context.Context, id uuid.UUID) {
	for _, err := whateverEnd(v.to.Wait(ctx, id)); err != nil && pause(ctx, 100*time.Millisecond); _, err = whateverEnd(v.to.Wait(ctx, id)) {
	}
}

func (v *chaosClient) submitKind(ctx context.Context, key string, d chaosJob, q task.Request) (uuid.UUID, bool) {
	q.Key, q.Pool = key, chargesPools[v.rand.IntN(len(chargesPools))]
	q.Data, _ = json.Marshal(d) // numbers and texts always marshal
	return v.submitRequest(ctx, q)
}

// checkCharges checks that a task of TestChaosCharges ended as its kind does, and was
// charged for nothing else.
func (c *chaos) checkCharges(one task.Task) {
	var charged []task.Attempt
	interrupted := 0
	for _, a := range one.History {
		if !slices.Contains(uncharged, a.Outcome) {
			charged = append(charged, a)
		}
		if a.Outcome == task.OutcomeInterrupted {
			interrupted++
		}
	}
	kind, _, _ := strings.Cut(one.Key, "-")
	ok := one.Attempt == len(charged)
	switch {
	case one.State == task.Dead && interrupted >= task.MaxInterruptions:
	case kind == healthyTask:
		ok = ok && one.State == task.Completed && !slices.ContainsFunc(charged, func(a task.Attempt) bool {
			return a.Outcome != task.OutcomeCompleted && !(a.Outcome == task.OutcomeRetry && isOwnFailure(a))
		})
	case kind == poisonTask, kind == stuckTask:
		ok = ok && one.State == task.Dead && one.Attempt == one.Policy.Attempts && !slices.ContainsFunc(charged, func(a task.Attempt) bool {
			return a.Outcome != task.OutcomeLost && !(kind == stuckTask && a.Outcome == task.OutcomeTimedOut)
		})
	case kind == undeliverableTask:
		ok = ok && one.State == task.Failed && len(charged) == 1 && strings.Contains(one.Reason, "result")
	}
	if !ok {
		text, _ := json.MarshalIndent(one, "", " ") // it came as JSON
		c.t.Errorf("a %s task has a wrong end, or was charged for another: %s", kind, text)
	}
}

// isOwnFailure reports whether an attempt failed as the handler wants it.
func isOwnFailure(a task.Attempt) bool {
	return a.Error == chaosResult{Worker: a.Worker, Incarnation: a.Incarnation, Try: a.Try}.words()
}
