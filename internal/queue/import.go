package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/ndjson"
	"initiator/internal/strictjson"
)

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
		return task.Task{}, false, fmt.Errorf("import task %s: task %s has the same unique key and has not ended: %w", t.ID, other.id, task.ErrConflict)
	}
	if err := e.StorageError(); err != nil {
		return task.Task{}, false, err
	}
	e.addEntry(&t)
	return t, true, nil
}

// ParseExportLine reads a line that ExportTasks has written. Errors wrap
// task.ErrInvalid.
func ParseExportLine(line []byte) (t task.Task, err error) {
	if !utf8.Valid(line) {
		return t, fmt.Errorf("%w: the line is not UTF-8", task.ErrInvalid)
	}
	if err := json.Unmarshal(line, &t); err != nil {
		return t, fmt.Errorf("%w: the line is not a task as export writes it: %w", task.ErrInvalid, cmp.Or(bounds.CheckNesting(line), strictjson.ExplainDecode(err)))
	}
	if err := strictjson.CheckMembers(line, &t); err != nil {
		return t, fmt.Errorf("%w: %w", task.ErrInvalid, err) // of a later version: the import would lose it
	}
	return t, nil
}

// ImportCounts counts the lines of an import by their result.
type ImportCounts struct {
	Added   int `json:"added"`   // tasks that were added
	Known   int `json:"known"`   // tasks that were in the queue already; they are unchanged
	Refused int `json:"refused"` // lines that are not valid tasks
}

// importBatch is the number of tasks in one commit.
const importBatch = 1000

// ImportLines adds the tasks that ExportTasks has written, and returns when they
// are committed. It calls refused for each invalid line and goes on with the next
// line. An error of the reader or of the disk ends the import. The same lines can
// be imported again: known tasks are left unchanged.
func (e *Engine) ImportLines(r io.Reader, refused func(line int, why error)) (n ImportCounts, err error) {
	in := ndjson.NewReader(r, bounds.ImportLine)
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

// importLine adds the task of one line and counts it. It commits after every
// importBatch tasks.
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

// adoptRecord checks a task of another queue and prepares it for this queue: it
// fills in missing fields and queues a running task again.
func adoptRecord(t *task.Task, now time.Time) error {
	if err := checkImported(t); err != nil {
		return err
	}
	if len(t.Data) == 0 {
		t.Data = json.RawMessage("null")
	}
	t.Known, t.Progress = false, nil
	t.Policy.Attempts = max(t.Policy.Attempts, 1)
	t.History = t.History[max(0, len(t.History)-bounds.History):]
	if t.Submitted.IsZero() {
		t.Submitted = now
	}
	if t.State.Terminal() && t.Ended.IsZero() {
		t.Ended = now
	}
	if l, ok := LeaseOf(t); ok {
		closeAttempt(t, now, AttemptOutcome{Outcome: task.OutcomeReleased, Error: "the task was exported while it ran"})
		t.Attempt = max(l.Attempt-1, 0)
	}
	if t.State == task.Running {
		t.State, t.Reason = task.Queued, "the task was running in the queue that it was exported from"
		if t.Policy.AtMostOnce {
			t.State, t.Ended = task.Dead, now
			t.Reason += "; at_most_once allows no other attempt"
		}
	}
	return nil
}

// checkImported returns an error for a task that no queue would have written. The
// fields of a request are checked as in a submit, except for the deadline: it may
// have passed since the submit.
func checkImported(t *task.Task) error {
	p := t.Policy
	switch {
	case t.ID == uuid.Nil:
		return errors.New(`"id" is missing`)
	case !t.State.Valid():
		return fmt.Errorf("%q is not a state of a task", t.State)
	case t.Attempt < 0:
		return fmt.Errorf(`"attempt" is %d; it cannot be negative`, t.Attempt)
	case t.Interruptions < 0 || t.Suspicion.Group < 0 || t.Suspicion.Ran < 0 || t.Suspicion.Times < 0:
		return errors.New(`"interruptions" or a number of "suspicion" is negative`)
	case p.RetryDelay < 0 || p.RetryDelayMax < 0 || math.Abs(p.RetryJitter) > 1:
		return errors.New(`"policy" has a negative delay, or a jitter above 1`)
	}
	if err := checkPayload("result", t.Result); err != nil {
		return err
	}
	return checkRequest(task.Request{
		Pool: t.Pool, Key: t.Key, Data: t.Data, Priority: &t.Priority, Unique: t.Unique, Callback: t.Callback,
		Timeout: &p.Timeout, ProgressTimeout: &p.ProgressTimeout, Attempts: p.Attempts,
	}, time.Time{})
}
