package backup_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/backup"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// busyQueue is a queue that changes with every call of work.
type busyQueue struct {
	t   *testing.T
	q   *queue.Engine
	dir string
	n   int
}

// newBusyQueue makes a queue whose task files are short, so that they are compacted
// often.
func newBusyQueue(t *testing.T) *busyQueue {
	t.Helper()
	dir := t.TempDir()
	q, err := queue.Open(dir, queue.Options{Sync: store.Sync{Off: true}, SegmentSize: 4000, CacheSize: 1, Retention: queue.Retention{Count: 5, Age: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return &busyQueue{t: t, q: q, dir: dir}
}

// work submits a task, completes tasks until 30 are left, and commits.
func (b *busyQueue) work() {
	b.t.Helper()
	b.n++
	now := time.Now()
	made, err := queue.NewTask(task.Request{Pool: "p", Data: fmt.Appendf(nil, `{"n":%d,"text":%q}`, b.n, strings.Repeat("x", b.n%700))}, now, task.Policy{Attempts: 1})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, _, err := b.q.AddTask(made); err != nil {
		b.t.Fatal(err)
	}
	for b.q.CountQueued("p") > 30 {
		got, _ := b.q.LeaseNext(now, "p", "w", b.n, nil)
		l, _ := queue.LeaseOf(&got)
		if _, err := b.q.EndAttempt(now, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte(`"done"`)}, 0); err != nil {
			b.t.Fatal(err)
		}
	}
	b.q.ExpireTasks(now)
	if err := b.q.CommitAndWait(); err != nil {
		b.t.Fatal(err)
	}
}

// export returns every task of a queue.
func export(t *testing.T, q *queue.Engine) string {
	t.Helper()
	var b strings.Builder
	if err := q.ExportTasks(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// write writes a backup, and works whenever a part of it is written. It returns the
// tasks as of the commit of the backup.
func (b *busyQueue) write(w io.Writer) (tasks string, removed int) {
	b.t.Helper()
	var copied []store.SegmentCopy
	late := 1
	busy := writerFunc(func(p []byte) (int, error) {
		for range 20 {
			b.work()
		}
		return w.Write(p)
	})
	err := backup.WriteState(busy, b.dir, "test", func() (list []store.SegmentCopy, err error) {
		tasks = export(b.t, b.q)
		if copied, err = b.q.Snapshot(); late > 0 {
			// Compaction removes files before they are opened.
			late--
			for range 300 {
				b.work()
			}
		}
		return copied, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range copied {
		if _, err := os.Stat(filepath.Join(b.dir, c.Name)); err != nil {
			removed++
		}
	}
	return tasks, removed
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// openTasks returns the tasks of a restored directory.
func openTasks(t *testing.T, dir string) string {
	t.Helper()
	q, err := queue.Open(dir, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }() // nothing was changed
	return export(t, q)
}

// A backup has exactly the tasks of one commit, although the tasks change and their
// files are compacted while it is written.
func TestBackupIsOneCommit(t *testing.T) {
	t.Parallel()
	b := newBusyQueue(t)
	removed := 0
	for range 3 {
		for range 50 {
			b.work()
		}
		var archive bytes.Buffer
		want, gone := b.write(&archive)
		removed += gone
		dir := t.TempDir()
		if _, err := backup.Restore(&archive, dir); err != nil {
			t.Fatal(err)
		}
		got := openTasks(t, dir)
		for line := range strings.Lines(want) {
			if !strings.Contains(got, line) {
				t.Errorf("the restored tasks do not have %s", line)
			}
		}
		for line := range strings.Lines(got) {
			// Ended tasks that their retention has dropped may still be in the files.
			if !strings.Contains(want, line) && !strings.Contains(line, `"state":"completed"`) {
				t.Errorf("the restored tasks have %s", line)
			}
		}
	}
	if removed == 0 {
		t.Error("no task file was removed while it was copied, so the test shows nothing about compaction")
	}
}

// newArchive returns a backup with small files, task files, and what is not to be in
// it.
func newArchive(t *testing.T) []byte {
	t.Helper()
	b := newBusyQueue(t)
	for name, text := range map[string]string{
		"schedules.json": `{"last":{}}`, "paused.json": `{"pools":[]}`, "token": "secret", "home.json": "{}", "workers.json": "{}", "lock": "1",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		b.work()
	}
	var archive bytes.Buffer
	b.write(&archive)
	return archive.Bytes()
}

// filesIn returns the files of a directory with their contents.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join(dir, e.Name())) // a directory has no text
		all[e.Name()] = string(text)
	}
	return all
}

func TestRestoredFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := backup.Restore(bytes.NewReader(newArchive(t)), dir)
	if err != nil {
		t.Fatal(err)
	}
	files := filesIn(t, dir)
	for _, name := range []string{"token", "home.json", "workers.json", "lock", "restore.new"} {
		if _, has := files[name]; has {
			t.Errorf("%s was restored", name)
		}
	}
	if files["schedules.json"] != `{"last":{}}` || files["paused.json"] != `{"pools":[]}` || len(files) != len(m.Files)+1 {
		t.Errorf("files %q, and the manifest %+v", files, m)
	}
	for name := range files {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v; want 0600", name, info.Mode(), err)
		}
	}
	var marker backup.Manifest
	if json.Unmarshal([]byte(files["backup.json"]), &marker) != nil || !marker.At.Equal(m.At) {
		t.Errorf("backup.json is %s", files["backup.json"])
	}
	if reason := backup.ReadMarker(dir); !strings.Contains(reason, "was restored at ") || !strings.Contains(reason, m.At.Local().Format(time.DateTime)) {
		t.Errorf("ReadMarker: %q", reason)
	}
	for range 2 {
		if err := backup.RemoveMarker(dir); err != nil || backup.ReadMarker(dir) != "" {
			t.Errorf("RemoveMarker: %v, and then %q", err, backup.ReadMarker(dir))
		}
	}
}
