package queue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

// selected returns the first page of a list.
func selected(t *testing.T, q queue.Queue, f task.Filter) queue.Selection {
	t.Helper()
	got, err := q.SelectTasks(f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestPagesHaveEveryTaskOnce walks through lists by pages, while the last task of
// each page is dropped, of tasks that were added in no order of time.
func TestPagesHaveEveryTaskOnce(t *testing.T) {
	q := queue.NewMemory(queue.Retention{})
	var want []uuid.UUID
	for i := range 250 {
		made := task.Task{
			ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Pool: []string{"p", "q"}[i%2], State: []task.State{task.Completed, task.Queued, task.Dead}[i%3], Priority: 5,
			Policy: task.Policy{Attempts: 1}, Submitted: epoch.Add(time.Duration(i*7%50) * time.Second), Ended: epoch,
		}
		if _, _, err := q.ImportTask(epoch, made); err != nil {
			t.Fatal(err)
		}
		want = append(want, made.ID)
	}
	for _, f := range []task.Filter{{Limit: 7}, {Limit: 1}, {Limit: 250}, {Limit: 9, Pool: "p"}, {Limit: 9, State: task.Queued}, {Limit: 9, State: task.Dead, Pool: "q"}} {
		all := selected(t, q, task.Filter{Limit: 1000, Pool: f.Pool, State: f.State})
		if f.Pool == "" && f.State == "" && (len(all.IDs) != len(want) || all.Next != "") {
			t.Fatalf("%d of %d tasks, next %q", len(all.IDs), len(want), all.Next)
		}
		var got []uuid.UUID
		for {
			page := selected(t, q, f)
			if got = append(got, page.IDs...); page.Total != len(all.IDs) || len(page.IDs) > f.Limit {
				t.Fatalf("%+v: %d of %d tasks, want %d", f, len(page.IDs), page.Total, len(all.IDs))
			}
			if f.After = page.Next; f.After == "" {
				break
			}
		}
		if !slices.Equal(got, all.IDs) {
			t.Errorf("%+v: the pages have %d tasks, and the list has %d", f, len(got), len(all.IDs))
		}
	}
	if _, err := q.SelectTasks(task.Filter{After: "7"}); err == nil || !strings.Contains(err.Error(), `after "7"`) {
		t.Errorf("a cursor of another kind: %v", err)
	}
}

// TestTaskReaderHasTheTask compares what a TaskReader writes with the task, in memory and
// on the disk: payloads of every length around those at which records are read in
// parts, with white space, and with results in a head record.
func TestTaskReaderHasTheTask(t *testing.T) {
	d := storetest.New(1)
	q := opened(t, d)
	var ids []uuid.UUID
	for _, size := range []int{0, 1, 32<<10 - 300, 32 << 10, 64<<10 - 1, 64 << 10, 200_000} {
		data := `{ "a" : "` + strings.Repeat(`\" `, size/3) + "\",\n\t\"b\": [ 1 , 2 ]}"
		ids = append(ids, put(t, q, task.Request{Pool: "p", Data: []byte(data)}))
	}
	settle(t, q)
	for range ids[1:] {
		running, ok := q.LeaseNext(epoch, "p", "w", 1, nil)
		if !ok {
			t.Fatal("no task is ready")
		}
		l, _ := queue.LeaseOf(&running)
		if _, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: running.Data}, 0); err != nil {
			t.Fatal(err)
		}
		settle(t, q)
	}
	again := opened(t, d.AfterPowerLoss(1)) // nothing is in memory
	for _, id := range ids {
		for _, of := range []*queue.Engine{q, again} {
			want, _ := of.FindTask(id)
			s, ok := of.OpenTask(id)
			if !ok {
				t.Fatal("no task")
			}
			s.Load()
			expectJSON(t, s, want)
			if err := s.AddPayloads(); err != nil || fmt.Sprintf("%+v", s.Task) != fmt.Sprintf("%+v", want) {
				t.Errorf("%v: %.300v\nwant %.300v", err, s.Task, want)
			}
			s.Close()
		}
	}
}

// expectJSON compares what a TaskReader writes with what encoding/json writes.
func expectJSON(t *testing.T, s *queue.TaskReader, want task.Task) {
	t.Helper()
	var written bytes.Buffer
	if err := s.WriteJSON(&written); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(written.Bytes(), "\n\t") {
		t.Error("the record is not one line")
	}
	var got task.Task
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	wanted, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(got); err != nil || !bytes.Equal(again, wanted) {
		t.Errorf("%v: %.300s\nwant %.300s", err, again, wanted)
	}
}
