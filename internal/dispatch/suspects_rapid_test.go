package dispatch

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// trialPool is a pool of simulated workers under the dispatcher's own loop
// functions. Its clock only moves when something is due.
type trialPool struct {
	t       *rapid.T
	d       *Dispatcher
	pool    *pool
	now     time.Time
	slots   int
	workers []*trialSlotHolder
	poison  map[uuid.UUID]time.Duration // how long a poison task runs until it ends its worker
	healthy map[uuid.UUID]time.Duration // how long a healthy task runs
	crashes int
}

// trialSlotHolder is one simulated worker: the place of its incarnations.
type trialSlotHolder struct {
	guid        string
	incarnation int
	conn        *workerConn
}

// sendTask implements transport: the task reaches the worker.
func (trialTransport) sendTask(r *attempt) bool {
	r.reached.Store(true)
	return true
}

func (trialTransport) sendCancel(uuid.UUID, int) {}
func (trialTransport) sendNotice()               {}

// trialTransport delivers every task at once.
type trialTransport struct{}

func (w *trialPool) start(h *trialSlotHolder) {
	h.incarnation++
	id := workerID{h.guid, h.incarnation}
	p := &workerConn{
		workerID: id, Attachment: Attachment{GUID: h.guid, Incarnation: h.incarnation, Pool: "p", Slots: w.slots},
		pool: w.pool, running: map[uuid.UUID]*attempt{}, transport: trialTransport{}, client: &webhook.Client{},
		connected: true, slots: w.slots,
	}
	p.entry.conn, p.timer.Value.conn = p, p
	p.ctx, p.cancel = context.WithCancel(w.d.ctx)
	p.session = w.d.openWorkerSession(p)
	w.d.workers[id], w.pool.members[id] = p, p
	w.d.attached.Store(id, p)
	w.d.updateBalancer(p)
	h.conn = p
}

// round is one round of the loop at the simulated time.
func (w *trialPool) round() {
	w.d.opts.Queue.FinishCommits()
	w.d.expireDue(w.now)
	w.d.assignTasks(w.now)
	w.d.commitRound()
	w.checkGroups()
}

// checkGroups checks that suspects run in one worker, in their groups, and beside
// no other task.
func (w *trialPool) checkGroups() {
	tried := 0
	for _, h := range w.workers {
		smallest, suspects := h.conn.smallestGroup(), 0
		for _, r := range h.conn.running {
			if r.suspect {
				suspects++
			}
		}
		if suspects != h.conn.suspects {
			w.t.Fatalf("%s counts %d suspects, and runs %d", h.guid, h.conn.suspects, suspects)
		}
		if suspects == 0 {
			continue
		}
		if tried++; tried > 1 {
			w.t.Fatal("suspects run in two workers")
		}
		if suspects > smallest {
			w.t.Fatalf("%d suspects run together in a group of %d", suspects, smallest)
		}
	}
}

// end is the next thing that happens in a worker: a task ends, or its worker.
type trialEnd struct {
	at     time.Time
	holder *trialSlotHolder
	r      *attempt
	poison bool
}

// nextEnd returns what ends next; at is zero when nothing runs.
func (w *trialPool) nextEnd() (next trialEnd) {
	for _, h := range w.workers {
		for id, r := range h.conn.running {
			e := trialEnd{holder: h, r: r}
			span, poison := w.poison[id]
			if !poison {
				span = w.healthy[id]
			}
			e.at, e.poison = r.began.Add(span), poison
			if next.at.IsZero() || e.at.Before(next.at) || e.at.Equal(next.at) && e.r.lease.Task.String() < next.r.lease.Task.String() {
				next = e
			}
		}
	}
	return next
}

// step moves the clock to what happens next. It returns false at the end.
func (w *trialPool) step() bool {
	next := w.nextEnd()
	var wake time.Time
	for _, at := range []time.Time{w.d.opts.Queue.NextExpiry(), w.d.timers.NextDue()} {
		if !at.IsZero() && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
	}
	switch {
	case next.at.IsZero() && wake.IsZero():
		return false
	case next.at.IsZero(), !wake.IsZero() && wake.Before(next.at):
		w.now = wake
		return true
	}
	w.now = next.at
	switch {
	case !next.poison:
		w.d.finishAttempt(next.holder.conn, next.r, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, w.now)
	default:
		w.crashes++
		h := next.holder
		detachMessage{h.conn.workerID, lifecycle.DetachDied, "exit code 3"}.applyMessage(w.d, w.now)
		w.start(h)
	}
	return true
}

// TestPoisonTasksAloneAreCharged runs any number of poison tasks among healthy
// tasks. Every poison task is dead after its attempts, no healthy task is ever
// charged for a crash, and the number of crashes is bounded.
func TestPoisonTasksAloneAreCharged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(1, 3).Draw(t, "attempts")
		q := queue.NewMemory(queue.Retention{Count: 1 << 20, Age: 1 << 60})
		d := New(Options{Queue: q, Pools: []Pool{{Name: "p", Policy: task.Policy{Attempts: attempts, RetryDelay: task.Seconds(time.Second)}}}, Observer: newObservationRecorder()})
		defer d.cancel()
		w := &trialPool{t: t, d: d, pool: d.pools["p"], now: time.Now(), slots: rapid.IntRange(1, 9).Draw(t, "slots"), poison: map[uuid.UUID]time.Duration{}, healthy: map[uuid.UUID]time.Duration{}}
		for n := range rapid.IntRange(1, 4).Draw(t, "workers") {
			h := &trialSlotHolder{guid: fmt.Sprint("w", n)}
			w.workers = append(w.workers, h)
			w.start(h)
		}
		for range rapid.IntRange(0, 5).Draw(t, "poison tasks") {
			w.poison[w.submit(d, t)] = time.Duration(rapid.IntRange(1, 20_000).Draw(t, "crashes after")) * time.Millisecond
		}
		for range rapid.IntRange(0, 30).Draw(t, "healthy tasks") {
			w.healthy[w.submit(d, t)] = time.Duration(rapid.IntRange(1, 60_000).Draw(t, "runs")) * time.Millisecond
		}
		w.round()
		for steps := 0; w.step(); steps++ {
			w.round()
			if steps > 100_000 {
				t.Fatal("it does not end")
			}
		}
		w.checkEnds(attempts)
	})
}

func (w *trialPool) submit(d *Dispatcher, t *rapid.T) uuid.UUID {
	p := rapid.IntRange(4, 6).Draw(t, "priority")
	made, err := queue.NewTask(task.Request{Pool: "p", Priority: &p}, w.now, d.pools["p"].Policy)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.opts.Queue.AddTask(made); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func (w *trialPool) checkEnds(attempts int) {
	for id := range w.poison {
		if got, _ := w.d.opts.Queue.FindTask(id); got.State != task.Dead || got.Attempt != attempts {
			w.t.Fatalf("poison: %+v", got)
		}
	}
	for id := range w.healthy {
		if got, _ := w.d.opts.Queue.FindTask(id); got.State != task.Completed || got.Attempt != 1 {
			w.t.Fatalf("healthy: %+v", got)
		}
	}
	if most := len(w.poison) * (task.MaxSuspicions + 2*attempts); w.crashes > most {
		w.t.Fatalf("%d crashes of %d poison tasks, want at most %d", w.crashes, len(w.poison), most)
	}
}
