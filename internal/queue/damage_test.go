package queue_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

const firstFile = "tasks.00000001.log"

// TestEveryByteOfAQueue flips each byte of a task file, cuts it at every 512 bytes,
// empties and zeroes it. Every start finds all tasks but one, says so, and when a
// task is lost or older than it was, that is told.
func TestEveryByteOfAQueue(t *testing.T) {
	t.Parallel()
	whole := storetest.New(1)
	q := openOn(t, whole, queue.Options{})
	want := map[uuid.UUID]task.State{}
	for n := range 4 {
		want[put(t, q, task.Request{Pool: "p", Data: fmt.Append(nil, n)})] = task.Queued
		mustSync(t, q)
	}
	done := runOne(t, q, epoch, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte("1")})
	want[done.ID] = task.Completed
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	content := whole.FileBytes(firstFile)
	used := len(bytes.TrimRight(content, "\x00"))
	check := func(what string, changed []byte, mayLose int) {
		t.Helper()
		d := whole.AfterKill()
		d.PutFile(firstFile, changed)
		q := openOn(t, d, queue.Options{})
		defer func() {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}()
		lost := 0
		for id, state := range want {
			if got, ok := q.FindTask(id); !ok || got.State != state {
				lost++
			}
		}
		if lost > mayLose || lost > 0 && len(q.Damage().Places) == 0 {
			t.Fatalf("%s: %d tasks are lost or older, and it says %v", what, lost, q.Damage())
		}
		finish(t, q)
	}
	for at := range used {
		changed := bytes.Clone(content)
		changed[at] ^= 1 << (at % 8)
		check(fmt.Sprint("a bit of byte ", at), changed, 1)
	}
	for at := 0; at < len(content); at += 512 {
		check(fmt.Sprint("cut at ", at), content[:at], len(want))
	}
	check("emptied", nil, len(want))
	check("zeroed", make([]byte, len(content)), len(want))
}

// TestLostSubmitLeavesAChange damages the submit of a task that has ended: its end is
// left, and Open says that it belongs to no task.
func TestLostSubmitLeavesAChange(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	q := openOn(t, d, queue.Options{})
	id := put(t, q, task.Request{Pool: "p", Data: []byte(`"here"`)})
	mustSync(t, q)
	runOne(t, q, epoch, queue.AttemptOutcome{Outcome: task.OutcomeCompleted})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	d.ChangeByte(firstFile, bytes.Index(d.FileBytes(firstFile), []byte("here")), 'X')
	var noted queue.Damage
	q = openOn(t, d, queue.Options{NoteDamage: func(found queue.Damage) error { noted = found; return nil }})
	if _, ok := q.FindTask(id); ok || noted.Changes != 1 || len(noted.Places) != 1 || noted.Places[0].Records != 1 || fmt.Sprint(noted) != fmt.Sprint(q.Damage()) {
		t.Errorf("noted %+v, found %v", noted, ok)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestDamageIsReportedWhileTheQueueIsUsed makes the disk forget the record of a task.
func TestDamageIsReportedWhileTheQueueIsUsed(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	reason := ""
	q := openOn(t, d, queue.Options{CacheSize: 1, DamageFound: func(r string) { reason = r }})
	id := put(t, q, task.Request{Pool: "p"})
	mustSync(t, q)
	put(t, q, task.Request{Pool: "p"})
	mustSync(t, q) // the first task leaves the memory
	d.FailRead(firstFile, 0, 1<<40, syscall.EIO)
	if got, ok := q.FindTask(id); !ok || !strings.Contains(got.Reason, "its record cannot be read") || !strings.Contains(reason, "input/output error") {
		t.Errorf("%+v, and it says %q", got, reason)
	}
	reason = ""
	if r, ok := q.OpenTask(id); ok {
		r.Load()
		r.Close()
	}
	if !strings.Contains(reason, "input/output error") {
		t.Errorf("a read outside of the queue says %q", reason)
	}
	d.FailRead(firstFile, 0, 0, nil)
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
