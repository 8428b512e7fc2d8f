package queue_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
	"initiator/internal/testlength"
)

// story changes a queue at random until its disk fails. It notes the states that
// each task had, and which of them were acknowledged.
type story struct {
	q      *queue.Engine
	rand   *rand.Rand
	now    time.Time
	ids    []uuid.UUID
	went   map[uuid.UUID][]string // each state of its record, as a text
	acked  map[uuid.UUID]int      // how many of these states were acknowledged
	leases []queue.Lease
	failed error
}

// stateText returns the fields of a record that must survive, as a text.
func stateText(t task.Task) string {
	return fmt.Sprint(t.State, " ", t.Tries(), " ", t.Attempt, " ", string(t.Result), " ", t.Reason)
}

// step makes one random change and commits it.
func (s *story) step(n int) {
	changed := map[uuid.UUID]int{}
	note := func(t task.Task) {
		s.went[t.ID] = append(s.went[t.ID], stateText(t))
		changed[t.ID] = len(s.went[t.ID])
	}
	switch kind := s.rand.IntN(10); {
	case kind < 4:
		r := task.Request{Pool: "p", Data: fmt.Appendf(nil, "1%0*d", s.rand.IntN(60), n)}
		made, err := queue.NewTask(r, s.now, task.Policy{Attempts: 2})
		if err != nil {
			panic(err)
		}
		if t, _, err := s.q.AddTask(made); err == nil {
			s.ids = append(s.ids, t.ID)
			note(t)
		}
	case kind < 7:
		if t, ok := s.q.LeaseNext(s.now, "p", "w", n, nil); ok {
			l, _ := queue.LeaseOf(&t)
			s.leases = append(s.leases, l)
			note(t)
		}
	case len(s.leases) > 0:
		l := s.leases[0]
		s.leases = s.leases[1:]
		kinds := []task.Outcome{task.OutcomeCompleted, task.OutcomeCompleted, task.OutcomeLost, task.OutcomeReleased}
		if t, err := s.q.EndAttempt(s.now, l, queue.AttemptOutcome{Outcome: kinds[s.rand.IntN(4)], Result: fmt.Appendf(nil, "%d", n)}, 0); err == nil {
			note(t)
		}
	}
	s.q.ExpireTasks(s.now)
	s.q.Commit(func(err error) {
		if err != nil {
			s.failed = err
			return
		}
		for id, n := range changed {
			s.acked[id] = max(s.acked[id], n)
		}
	})
	if s.rand.IntN(3) == 0 {
		s.q.FinishCommits()
		return
	}
	for s.q.CommitInFlight() { // wait for the disk
		<-s.q.BatchDone()
		s.q.FinishCommits()
	}
}

// runStory runs a story on a disk, to its end or until the disk fails.
func runStory(d *storetest.Disk, o queue.Options, seed uint64) (*story, error) {
	o.Dir = d
	q, err := queue.Open("", o)
	if err != nil {
		return nil, err
	}
	s := &story{
		q: q, rand: rand.New(rand.NewPCG(seed, 3)), now: epoch,
		went: map[uuid.UUID][]string{}, acked: map[uuid.UUID]int{},
	}
	for n := 0; n < 120 && s.failed == nil; n++ {
		s.step(n)
	}
	return s, q.Close()
}

// check opens the queue of a disk, and compares it with the acknowledged states.
func (s *story) check(t *testing.T, d *storetest.Disk, o queue.Options) {
	t.Helper()
	o.Dir = d
	q, err := queue.Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}()
	if damage := q.Damage(); len(damage.Places) > 0 && len(s.acked) > 0 {
		t.Errorf("a sound disk is called damaged: %v", damage.Places)
	}
	for _, id := range s.ids {
		got, found := q.FindTask(id)
		if _, kept := s.q.FindTask(id); !found && (s.acked[id] == 0 || !kept) {
			continue // never acknowledged, or beyond its retention
		}
		ok := false
		for n, v := range s.went[id] {
			ok = ok || found && n+1 >= s.acked[id] && v == stateText(got)
		}
		if !ok {
			t.Errorf("%s was acknowledged as %q and is %q (found: %v)", id, s.went[id][:s.acked[id]], stateText(got), found)
		}
	}
	finish(t, q)
}

// finish runs all unfinished tasks to their end.
func finish(t *testing.T, q *queue.Engine) {
	t.Helper()
	for _, r := range q.RunningTasks() {
		l, _ := queue.LeaseOf(&r)
		if _, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeReleased}, 0); err != nil {
			t.Error(err)
		}
	}
	for {
		r, ok := q.LeaseNext(epoch, "p", "again", 1, nil)
		if !ok {
			break
		}
		l, _ := queue.LeaseOf(&r)
		if _, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, 0); err != nil {
			t.Error(err)
		}
	}
	if err := q.CommitAndWait(); err != nil {
		t.Error(err)
	}
	if c := q.CountTasks()["p"]; c[task.Queued]+c[task.Running] > 0 {
		t.Errorf("left: %v", c)
	}
}

// TestPowerCutAtEveryWrite cuts the power in the middle of every operation on the
// disk. Unsynced data is then on the disk, or missing, or incomplete. The segments
// are short, so that segments are written again and removed all the time.
func TestPowerCutAtEveryWrite(t *testing.T) {
	o := queue.Options{SegmentSize: 1500, CacheSize: 1000, Retention: queue.Retention{Count: 5}}
	for seed := range uint64(testlength.Count(1, 8)) {
		whole := storetest.New(seed)
		s, err := runStory(whole, o, seed)
		if err != nil {
			t.Fatal(err)
		}
		s.check(t, whole.AfterPowerLoss(seed), o)
		for n := 1; n <= whole.CountWrites(); n++ {
			d := storetest.New(seed)
			d.CutAt(n)
			if s, err := runStory(d, o, seed); s != nil {
				_ = err // of a disk without power
				s.check(t, d.AfterPowerLoss(seed+uint64(n)), o)
			}
			if t.Failed() {
				t.Fatalf("seed %d, power cut at operation %d of %d", seed, n, whole.CountWrites())
			}
		}
	}
}

// TestKilledAtEveryWrite kills the process at every operation, with a queue that
// never syncs. Every acknowledged change must survive.
func TestKilledAtEveryWrite(t *testing.T) {
	o := queue.Options{SegmentSize: 1500, Retention: queue.Retention{Count: 5}, Sync: store.Sync{Off: true}}
	whole := storetest.New(1)
	if _, err := runStory(whole, o, 1); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.CountWrites(); n++ {
		d := storetest.New(1)
		d.CutAt(n)
		if s, err := runStory(d, o, 1); s != nil {
			_ = err // of a disk without power
			s.check(t, d.AfterKill(), o)
		}
		if t.Failed() {
			t.Fatalf("killed at operation %d of %d", n, whole.CountWrites())
		}
	}
}

// TestPowerCutUnsynced cuts the power of a queue that never syncs. Changes may be
// lost, but the queue must open, and each task must have a state that it once had.
func TestPowerCutUnsynced(t *testing.T) {
	o := queue.Options{SegmentSize: 1500, Retention: queue.Retention{Count: 5}, Sync: store.Sync{Off: true}}
	whole := storetest.New(1)
	if _, err := runStory(whole, o, 1); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.CountWrites(); n++ {
		d := storetest.New(1)
		d.CutAt(n)
		if s, err := runStory(d, o, 1); s != nil {
			_ = err // of a disk without power
			clear(s.acked)
			s.check(t, d.AfterPowerLoss(uint64(n)), o)
		}
		if t.Failed() {
			t.Fatalf("power cut at operation %d of %d", n, whole.CountWrites())
		}
	}
}
