package queue_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

// recordOf returns an exported line of the n-th task, with more fields at the end.
func recordOf(n int, more string) string {
	text := fmt.Sprintf(`{"id":"0190b8a0-0000-7000-8000-%012d"`, n)
	for _, member := range []string{`"pool":"p"`, `"priority":5`, `"state":"queued"`, `"policy":{"attempts":1}`} {
		if name, _, _ := strings.Cut(member, ":"); !strings.Contains(more, name+":") {
			text += "," + member
		}
	}
	return text + more + "}"
}

// TestImportRefusesLineByLine imports valid and invalid lines. Each invalid line is
// refused with its number, and each valid line is added.
func TestImportRefusesLineByLine(t *testing.T) {
	lines := []struct{ text, why string }{
		{recordOf(1, ""), ""},
		{"{}", `"id" is missing`},
		{"", ""},
		{"nonsense", "not a task as export writes it"},
		{`{"id":"0190b8a0-0000-7000-8000-000000000001"`, "not a task as export writes it"},
		{recordOf(2, `,"state":"asleep"`), `"asleep" is not a state`},
		{recordOf(2, `,"pool":""`), `"pool" is missing`},
		{recordOf(2, `,"priority":10`), `"priority" is 10`},
		{recordOf(2, `,"attempt":-1`), `"attempt" is -1`},
		{recordOf(2, `,"policy":{"attempts":1,"retry_jitter":2}`), "a jitter above 1"},
		{recordOf(2, `,"callback":"file:///etc/passwd"`), "not an http or https URL"},
		{recordOf(2, `,"key":"`+strings.Repeat("k", 256)+`"`), `"key" has 256 bytes`},
		{recordOf(2, ",\"reason\":\"\xff\""), "not UTF-8"},
		{recordOf(2, `,"later":1`), `unknown member "later"`},
		{recordOf(2, `,"key":"a","key":"b"`), `member "key" is given twice`},
		{recordOf(3, `,"unique":"u"`), ""},
		{recordOf(4, `,"unique":"u"`), "has the same unique key"},
		{recordOf(5, `,"unique":"u","state":"completed"`), ""},
		{recordOf(6, ""), ""},
	}
	var text strings.Builder
	want := map[int]string{}
	for i, l := range lines {
		text.WriteString(l.text + "\n")
		if l.why != "" {
			want[i+1] = l.why
		}
	}
	q := queue.NewMemory(queue.Retention{})
	n, err := q.ImportLines(strings.NewReader(text.String()), func(line int, why error) {
		if want[line] == "" || !strings.Contains(why.Error(), want[line]) {
			t.Errorf("line %d: %v, want %q", line, why, want[line])
		}
		delete(want, line)
	})
	if err != nil || len(want) > 0 || n != (queue.ImportCounts{Added: 4, Refused: 14}) {
		t.Errorf("%+v, %v; not refused: %v", n, err, want)
	}
	if got := selected(t, q, task.Filter{}); len(got.IDs) != 4 || got.Total != 4 {
		t.Errorf("%+v", got)
	}
}

// TestImportOfHalfAFile imports from a reader that fails in the middle of a line.
// The lines before are stored.
func TestImportOfHalfAFile(t *testing.T) {
	d := storetest.New(1)
	q := opened(t, d)
	broken := errors.New("the pipe broke")
	n, err := q.ImportLines(&breaks{strings.NewReader(recordOf(1, "") + "\n" + recordOf(2, "")[:50]), broken}, failOnRefusal(t))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2") || n.Added != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	if again := opened(t, d.AfterPowerLoss(1)); len(selected(t, again, task.Filter{}).IDs) != 1 {
		t.Error("what came before is not kept")
	}
}

// breaks is a reader that ends with an error instead of io.EOF.
type breaks struct {
	*strings.Reader
	err error
}

func (b *breaks) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, b.err
}

// TestImportWithoutRoom imports into a full disk, which ends the import. With more
// room, a second import of the same lines adds the missing tasks, each once.
func TestImportWithoutRoom(t *testing.T) {
	var all bytes.Buffer
	for n := range 3000 {
		all.WriteString(recordOf(n+1, "") + "\n")
	}
	d := storetest.New(1)
	q := opened(t, d)
	d.SetRoom(100_000)
	if n, err := q.ImportLines(bytes.NewReader(all.Bytes()), failOnRefusal(t)); !errors.Is(err, task.ErrStorage) {
		t.Fatalf("%+v, %v", n, err)
	}
	d.SetRoom(-1)
	for now := time.Now(); q.StorageError() != nil; now = now.Add(time.Second) {
		q.ExpireTasks(now)
	}
	n, err := q.ImportLines(bytes.NewReader(all.Bytes()), failOnRefusal(t))
	if err != nil || n.Added+n.Known != 3000 || n.Added == 0 {
		t.Errorf("%+v, %v", n, err)
	}
	if kept := opened(t, d.AfterPowerLoss(1)).CountQueued("p"); kept != 3000 {
		t.Errorf("%d tasks", kept)
	}
}

// TestImportedTasksGoOn imports tasks with priorities, delays, deadlines and a
// pending callback. They must behave like submitted tasks.
func TestImportedTasksGoOn(t *testing.T) {
	q := queue.NewMemory(queue.Retention{})
	in := strings.Join([]string{
		recordOf(1, `,"priority":3`), recordOf(2, ""), recordOf(3, ""), recordOf(4, `,"not_before":"2100-01-01T00:00:00Z"`),
		recordOf(5, `,"deadline":"2001-01-01T00:00:00Z"`),
		recordOf(6, `,"callback":"http://h/c","callback_state":"pending","state":"dead","ended":"2026-01-01T00:00:00Z"`),
	}, "\n")
	if n, err := q.ImportLines(strings.NewReader(in), failOnRefusal(t)); err != nil || n.Added != 6 {
		t.Fatal(n, err)
	}
	now := time.Now()
	if ended, _ := q.ExpireTasks(now); len(ended) != 1 || ended[0].State != task.Failed {
		t.Errorf("ended by their deadline: %+v", ended)
	}
	for _, want := range []byte{2, 3, 1} {
		got, ok := q.LeaseNext(now, "p", "w", 1, nil)
		if !ok || got.ID[15] != want {
			t.Errorf("%s (%v), want number %d", got.ID, ok, want)
		}
	}
	if _, ok := q.LeaseNext(now, "p", "w", 1, nil); ok {
		t.Error("a delay was lost")
	}
	if pending := q.PendingCallbacks(); len(pending) != 1 || pending[0] != uuid.MustParse("0190b8a0-0000-7000-8000-000000000006") {
		t.Errorf("pending callbacks: %v", pending)
	}
}

// TestDeadlineThatMeansNever submits a task with a deadline beyond the range of
// nanoseconds. The deadline must not become a time in the past.
func TestDeadlineThatMeansNever(t *testing.T) {
	never := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	made, err := queue.NewTask(task.Request{Pool: "p", Deadline: never}, time.Now(), task.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	d := storetest.New(1)
	q := opened(t, d)
	if _, _, err := q.AddTask(made); err != nil || q.CommitAndWait() != nil {
		t.Fatal(err)
	}
	for how, q := range map[string]*queue.Engine{"as it was submitted": q, "as it was read back": opened(t, d.AfterKill())} {
		if ended, _ := q.ExpireTasks(time.Now()); len(ended) > 0 || q.CountQueued("p") != 1 {
			t.Errorf("%s: %+v", how, ended)
		}
	}
}

// opened opens a queue on a disk, and closes it after the test.
func opened(t *testing.T, d *storetest.Disk) *queue.Engine {
	t.Helper()
	q := openOn(t, d, queue.Options{})
	t.Cleanup(func() { _ = q.Close() }) // the disk of some tests still fails
	return q
}
