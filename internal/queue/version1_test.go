package queue_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// TestFilesOfVersion1AreRead opens a file that an initiator of version 1 wrote,
// with tasks in every state and with every option, and compares them with the
// export of that initiator. Then it writes every task again and compares the
// tasks of the new file alone.
func TestFilesOfVersion1AreRead(t *testing.T) {
	t.Parallel()
	const first, second = "tasks.00000001.log", "tasks.00000002.log"
	old, want := readFile(t, "testdata", "version1", first), readFile(t, "testdata", "version1", "tasks.jsonl")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, first), old, 0o600); err != nil {
		t.Fatal(err)
	}

	q := openAndCompare(t, dir, want)
	if err := q.RewriteAll(); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}

	if now := readFile(t, dir, first); !bytes.Equal(now, old) {
		t.Error("records of the present version were written into a file of version 1")
	}
	if version := readFile(t, dir, second)[8]; version != store.Version {
		t.Errorf("the new file has version %d, not %d", version, store.Version)
	}
	if err := os.Remove(filepath.Join(dir, first)); err != nil {
		t.Fatal(err)
	}
	if err := openAndCompare(t, dir, want).Close(); err != nil {
		t.Error(err)
	}
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// openAndCompare opens a queue and compares its export with want.
func openAndCompare(t *testing.T, dir string, want []byte) *queue.Engine {
	t.Helper()
	q, err := queue.Open(dir, queue.Options{Sync: store.Sync{Off: true}, Retention: queue.Retention{Age: 1 << 62, Count: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	var export bytes.Buffer
	if err := q.ExportTasks(&export); err != nil {
		t.Fatal(err)
	}
	if got, want := tasksByID(t, export.Bytes()), tasksByID(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	return q
}

// tasksByID decodes an export, with every time in UTC.
func tasksByID(t *testing.T, export []byte) map[any]any {
	t.Helper()
	tasks := map[any]any{}
	for line := range bytes.Lines(export) {
		var one map[string]any
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		tasks[one["id"]] = inUTC(one)
	}
	return tasks
}

// inUTC converts every string in a JSON value that is a time.
func inUTC(v any) any {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	case map[string]any:
		for key := range v {
			v[key] = inUTC(v[key])
		}
	case []any:
		for i := range v {
			v[i] = inUTC(v[i])
		}
	}
	return v
}
