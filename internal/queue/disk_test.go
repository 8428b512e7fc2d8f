package queue_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
	"initiator/internal/testlength"
)

// openOn opens a queue on a disk. The test closes it.
func openOn(t testing.TB, d *storetest.Disk, o queue.Options) *queue.Engine {
	t.Helper()
	o.Dir = d
	q, err := queue.Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// mustSync commits, and fails the test when that fails.
func mustSync(t testing.TB, q *queue.Engine) {
	t.Helper()
	if err := q.CommitAndWait(); err != nil {
		t.Fatal(err)
	}
}

// runOne leases the next task and ends it.
func runOne(t testing.TB, q *queue.Engine, now time.Time, o queue.AttemptOutcome) task.Task {
	t.Helper()
	got, ok := q.LeaseNext(now, "p", "w", 1, nil)
	if !ok {
		t.Fatal("no task to lease")
	}
	l, _ := queue.LeaseOf(&got)
	got, err := q.EndAttempt(now, l, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestFilesStaySmall runs thousands of tasks. The files must grow with the present
// tasks, not with all tasks so far, and a task that is queued all the time must
// stay.
func TestFilesStaySmall(t *testing.T) {
	d := storetest.New(1)
	o := queue.Options{SegmentSize: 10_000, Retention: queue.Retention{Count: 10}, CacheSize: 1}
	q := openOn(t, d, o)
	old := put(t, q, task.Request{Pool: "p", Priority: new(int), Data: []byte(`"old"`)})
	for n := range 3000 {
		put(t, q, task.Request{Pool: "p", Data: fmt.Append(nil, n)})
		runOne(t, q, epoch, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte("1")})
		q.ExpireTasks(epoch.Add(time.Duration(n) * time.Second))
		mustSync(t, q)
	}
	if size := d.TotalSize(); size > 50_000 {
		t.Errorf("12 tasks take %d bytes after 3000", size)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = openOn(t, d, o)
	if got, _ := q.FindTask(old); string(got.Data) != `"old"` || got.State != task.Queued {
		t.Errorf("%+v", got)
	}
	if c := q.CountTasks()["p"]; c[task.Queued] != 1 || c[task.Completed] > 500 {
		t.Errorf("%v", c)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestMemoryOfQueuedTasks measures the memory of a queued task. It must be small
// and must not depend on the payload. A normal run has 20,000 tasks.
func TestMemoryOfQueuedTasks(t *testing.T) {
	many := testlength.Count(20_000, 100_000)
	q := refilled(t, t.TempDir(), many)
	before := heap()
	if c := q.CountQueued("p"); c != many {
		t.Fatalf("%d queued", c)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	q = nil
	if per := int64(before-heap()) / int64(many); per > 300 {
		t.Errorf("a queued task takes %d bytes of memory", per)
	} else {
		t.Logf("%d bytes", per)
	}
}

// refilled fills a queue in a directory, closes it and opens it again.
func refilled(t *testing.T, dir string, many int) *queue.Engine {
	t.Helper()
	q, err := queue.Open(dir, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range many {
		submit(t, q)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if q, err = queue.Open(dir, queue.Options{}); err != nil {
		t.Fatal(err)
	}
	return q
}

// TestFailedDiskStopsNewTasksAndKeepsResults makes a disk read-only for a while.
// Then no task is added or leased, and a result waits in memory until the disk
// works again.
func TestFailedDiskStopsNewTasksAndKeepsResults(t *testing.T) {
	d := storetest.New(1)
	q := openOn(t, d, queue.Options{})
	one, two := put(t, q, task.Request{Pool: "p"}), put(t, q, task.Request{Pool: "p"})
	leased, _ := q.LeaseNext(epoch, "p", "w", 1, nil)
	mustSync(t, q)
	d.SetReadOnly(true)
	fresh := put(t, q, task.Request{Pool: "p"})
	l, _ := queue.LeaseOf(&leased)
	if _, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte("1")}, 0); err != nil {
		t.Fatal(err)
	}
	if err := q.CommitAndWait(); !errors.Is(err, task.ErrStorage) || !errors.Is(err, syscall.EROFS) {
		t.Fatalf("%v", err)
	}
	if _, ok := q.FindTask(fresh); ok {
		t.Error("a task that was refused is there")
	}
	if _, ok := q.LeaseNext(epoch, "p", "w", 1, nil); ok {
		t.Error("leased")
	}
	made, _ := queue.NewTask(task.Request{Pool: "p"}, epoch, task.Policy{})
	if _, _, err := q.AddTask(made); !errors.Is(err, task.ErrStorage) {
		t.Errorf("submit: %v", err)
	}
	q.ExpireTasks(epoch)
	if due := q.NextExpiry(); !due.Equal(epoch.Add(time.Second)) {
		t.Errorf("tried again at %v", due)
	}
	d.SetReadOnly(false)
	if _, woken := q.ExpireTasks(epoch.Add(time.Second)); !woken || q.StorageError() != nil {
		t.Errorf("woken %v, %v", woken, q.StorageError())
	}
	mustSync(t, q)
	left := d.AfterPowerLoss(1)
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	q = openOn(t, left, queue.Options{})
	if got, _ := q.FindTask(one); got.State != task.Completed || string(got.Result) != "1" {
		t.Errorf("%+v", got)
	}
	if got, ok := q.LeaseNext(epoch, "p", "w", 1, nil); !ok || got.ID != two {
		t.Errorf("next: %+v", got)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestHistoryIsBounded releases a task again and again. Its history must stop
// growing, and each try must still get its own number.
func TestHistoryIsBounded(t *testing.T) {
	everyQueue(t, queue.Retention{}, func(t *testing.T, q queue.Queue) {
		put(t, q, task.Request{Pool: "p"})
		var got task.Task
		for range 250 {
			got = runOne(t, q.(*queue.Engine), epoch, queue.AttemptOutcome{Outcome: task.OutcomeReleased})
		}
		if len(got.History) != 100 || got.Tries() != 250 || got.Attempt != 0 {
			t.Errorf("%d in history, %d tries, attempt %d", len(got.History), got.Tries(), got.Attempt)
		}
	})
}

// TestRetentionByPool gives one pool its own retention.
func TestRetentionByPool(t *testing.T) {
	everyQueue(t, queue.Retention{Count: 3}, func(t *testing.T, q queue.Queue) {
		q.SetRetention("b", queue.Retention{Count: 1})
		kept := map[string][]uuid.UUID{}
		for _, pool := range []string{"a", "b"} {
			for range 5 {
				id := put(t, q, task.Request{Pool: pool})
				if _, err := q.CancelQueued(epoch, id, ""); err != nil {
					t.Fatal(err)
				}
				kept[pool] = append(kept[pool], id)
			}
		}
		mustSync(t, q.(*queue.Engine))
		q.ExpireTasks(epoch)
		if a, b := q.CountTasks()["a"][task.Cancelled], q.CountTasks()["b"][task.Cancelled]; a != 3 || b != 1 {
			t.Errorf("%d and %d are kept, want 3 and 1", a, b)
		}
		if _, ok := q.FindTask(kept["b"][4]); !ok {
			t.Error("the newest is gone")
		}
	})
}
