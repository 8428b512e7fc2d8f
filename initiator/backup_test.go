package initiator_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/backup"
	"initiator/internal/queue"
)

// submitter submits tasks without an end and notes which were acknowledged.
type submitter struct {
	mu    sync.Mutex
	acked []uuid.UUID
	more  chan struct{} // gets a token after each submit, when it is empty
}

func (s *submitter) submitAll(ctx context.Context, t *testing.T, c *client.Client, data string) {
	for ctx.Err() == nil {
		got, err := c.Submit(ctx, task.Request{Pool: "adder", Data: []byte(data)})
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return
		}
		s.mu.Lock()
		s.acked = append(s.acked, got.ID)
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

// acknowledged returns the tasks that were acknowledged so far.
func (s *submitter) acknowledged() []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acked)
}

// storedTasks returns the tasks of a state directory that no initiator uses.
func storedTasks(t *testing.T, dir string) map[uuid.UUID]task.State {
	t.Helper()
	all := map[uuid.UUID]task.State{}
	err := initiator.OpenTasks(dir, func(q *queue.Engine) error {
		list, err := q.SelectTasks(task.Filter{Limit: 1 << 30})
		for _, id := range list.IDs {
			got, _ := q.FindTask(id)
			all[id] = got.State
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A backup of an initiator at work has every task that was acknowledged before it
// began. An initiator with the restored directory says so and runs them.
func TestBackupUnderLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	in := initiatortest.StartText(t, adder, initiatortest.StateDir(dir))
	c := client.New(in.Initiator().Socket())
	defer c.Close()
	s := &submitter{more: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() { s.submitAll(ctx, t, c, fmt.Sprintf(`{"a":%d,"b":1}`, i)) })
	}
	type taken struct {
		archive bytes.Buffer
		before  []uuid.UUID
	}
	var backups [3]taken
	for i := range backups {
		for range 100 {
			<-s.more
		}
		backups[i].before = s.acknowledged()
		if err := c.Backup(t.Context(), &backups[i].archive); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	group.Wait()
	var restored string
	for i := range backups {
		restored = filepath.Join(t.TempDir(), "restored")
		if err := os.Mkdir(restored, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Restore(&backups[i].archive, restored); err != nil {
			t.Fatal(err)
		}
		got := storedTasks(t, restored)
		for _, id := range backups[i].before {
			if got[id] == "" {
				t.Errorf("backup %d has %d tasks, and not %s, one of %d that were acknowledged before", i, len(got), id, len(backups[i].before))
			}
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	expectRestored(t, restored)
}

// expectRestored starts an initiator with a restored directory. It tells of the
// restore until the mark is removed, and runs the tasks.
func expectRestored(t *testing.T, dir string) {
	t.Helper()
	second := initiatortest.StartText(t, adder, initiatortest.StateDir(dir))
	c := client.New(second.Initiator().Socket())
	status, err := c.Status(t.Context())
	c.Close()
	if err != nil || len(status.Problems) != 1 || status.Problems[0].Name != "restored" {
		t.Errorf("problems %+v, %v; want that the directory was restored", status.Problems, err)
	}
	await(t, "every restored task", func() bool {
		queued, err := second.Client().List(t.Context(), task.Filter{State: task.Queued, Limit: 1})
		running, again := second.Client().List(t.Context(), task.Filter{State: task.Running, Limit: 1})
		return err == nil && again == nil && len(queued)+len(running) == 0
	})
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "backup.json")); err != nil {
		t.Fatal(err)
	}
	third := initiatortest.StartText(t, adder, initiatortest.StateDir(dir))
	c = client.New(third.Initiator().Socket())
	defer c.Close()
	if status, err = c.Status(t.Context()); err != nil || len(status.Problems) > 0 {
		t.Errorf("problems %+v, %v; want none after the mark was removed", status.Problems, err)
	}
}
