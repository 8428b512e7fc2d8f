package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/ndjson"
)

// MaxImportLine is the length of the longest line that is imported, in bytes.
const MaxImportLine = 256 << 20

// ImportTask implements Queue.
func (e *Engine) ImportTask(now time.Time, t task.Task) (kept task.Task, fresh bool, err error) {
	if err := adoptRecord(&t, now); err != nil {
		return task.Task{}, false, fmt.Errorf("%w: %w", task.ErrInvalid, err)
	}
	if en := e.byID[t.ID]; en != nil {
		known := e.copyTask(en)
		known.Known = true
		return known, false, nil
	}
	if other := e.relations.uniqueHolder(&t); other != nil && !t.State.Terminal() {
		return task.Task{}, false, fmt.Errorf("import task %s: task %s is alive under the same unique key: %w", t.ID, other.id, task.ErrConflict)
	}
	if err := e.StorageError(); err != nil {
		return task.Task{}, false, err
	}
	e.addEntry(&t)
	return t, true, nil
}

// ParseExportLine reads a line that Export has written. Errors wrap ErrInvalid.
func ParseExportLine(line []byte) (t task.Task, err error) {
	if !utf8.Valid(line) {
		return t, fmt.Errorf("%w: the line is not UTF-8", task.ErrInvalid)
	}
	if err := json.Unmarshal(line, &t); err != nil {
		return t, fmt.Errorf("%w: the line is not a task as export writes it: %w", task.ErrInvalid, err)
	}
	return t, nil
}

// ImportCounts counts what became of the lines.
type ImportCounts struct {
	Added   int `json:"added"`   // are in the queue now
	Known   int `json:"known"`   // were there already, and were left as they are
	Refused int `json:"refused"` // are no tasks
}

// importBatch is how many tasks are committed at once.
const importBatch = 1000

// ImportLines reads what Export has written, and returns when it is kept. A
// line that is refused is told to refused, and keeps no other out. The error is
// one that ends it all; what it left out can be given again with the rest.
func (e *Engine) ImportLines(r io.Reader, refused func(line int, why error)) (n ImportCounts, err error) {
	in := ndjson.NewReader(r, MaxImportLine)
	for {
		line, err := in.NextLine()
		switch {
		case errors.Is(err, io.EOF):
			return n, e.CommitAndWait()
		case err != nil && !errors.Is(err, ndjson.ErrTooLong):
			return n, errors.Join(fmt.Errorf("read line %d: %w", in.LineNumber()+1, err), e.CommitAndWait())
		case err == nil:
			err = e.importLine(line, &n)
		}
		if errors.Is(err, task.ErrStorage) {
			return n, fmt.Errorf("import line %d: %w", in.LineNumber(), err)
		}
		if err != nil {
			n.Refused++
			refused(in.LineNumber(), err)
		}
	}
}

func (e *Engine) importLine(line []byte, n *ImportCounts) error {
	t, err := ParseExportLine(line)
	if err != nil {
		return err
	}
	_, fresh, err := e.ImportTask(time.Now(), t)
	switch {
	case err != nil:
		return err
	case !fresh:
		n.Known++
		return nil
	}
	if n.Added++; n.Added%importBatch == 0 {
		return e.CommitAndWait()
	}
	return nil
}

// adoptRecord checks a record that comes from elsewhere, and makes it one of ours.
func adoptRecord(t *task.Task, now time.Time) error {
	if err := checkImported(t); err != nil {
		return err
	}
	if len(t.Data) == 0 {
		t.Data = json.RawMessage("null")
	}
	t.Known, t.Progress = false, nil
	t.Policy.Attempts = max(t.Policy.Attempts, 1)
	t.History = t.History[max(0, len(t.History)-historyMax):]
	if t.Submitted.IsZero() {
		t.Submitted = now
	}
	if t.State.Terminal() && t.Ended.IsZero() {
		t.Ended = now
	}
	if l, ok := LeaseOf(t); ok {
		closeAttempt(t, now, AttemptOutcome{Outcome: task.OutcomeReleased, Error: "exported while it ran"})
		t.Attempt = max(l.Attempt-1, 0)
	}
	if t.State == task.Running {
		t.State, t.Reason = task.Queued, "was running where it comes from"
	}
	return nil
}

// checkImported refuses what no queue of ours would have written. What a submit
// may ask is checked as there; that a deadline has passed since is no fault.
func checkImported(t *task.Task) error {
	p := t.Policy
	switch {
	case t.ID == uuid.Nil:
		return errors.New(`"id" is missing`)
	case !t.State.Valid():
		return fmt.Errorf("%q is no state of a task", t.State)
	case t.Attempt < 0:
		return fmt.Errorf(`"attempt" is %d; it cannot be negative`, t.Attempt)
	case p.RetryDelay < 0 || p.RetryDelayMax < 0 || math.Abs(p.RetryJitter) > 1:
		return errors.New(`"policy" has a delay below 0, or a jitter beyond 1`)
	}
	return checkRequest(task.Request{
		Pool: t.Pool, Key: t.Key, Data: t.Data, Priority: &t.Priority, Unique: t.Unique, Callback: t.Callback,
		Timeout: &p.Timeout, ProgressTimeout: &p.ProgressTimeout, Attempts: p.Attempts,
	}, time.Time{})
}
