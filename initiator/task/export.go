package task

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Export writes every record as a line of JSON, in the order in which they were
// submitted. It takes as long as that takes: use it on a queue that nobody
// waits for.
func (e *Engine) Export(w io.Writer) error {
	all := make([]*entry, 0, len(e.byID))
	for _, en := range e.byID {
		all = append(all, en)
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.submitted, b.submitted), cmp.Compare(a.seq, b.seq))
	})
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, en := range all {
		t := en.task
		if t == nil {
			var err error
			if t, err = e.disk.read(en); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
		if err := lines.Encode(t); err != nil {
			return fmt.Errorf("export task %s: %w", en.id, err)
		}
	}
	return out.Flush()
}

// Imported counts what became of the lines.
type Imported struct {
	Added int // are in the queue now
	Known int // were there already, and were left as they are
}

// importBatch is how many tasks are committed at once.
const importBatch = 1000

// Import reads what Export has written, and returns when it is kept. A task
// that was running when it was exported is queued: its worker is not ours.
// The error names the line at which it stopped; what came before is kept, and
// can be given again.
func (e *Engine) Import(r io.Reader) (n Imported, err error) {
	in := json.NewDecoder(r)
	for line := 1; ; line++ {
		t := &Task{}
		err := in.Decode(t)
		if errors.Is(err, io.EOF) {
			return n, e.Sync()
		}
		if err == nil {
			err = t.importable()
		}
		if err == nil {
			err = e.Fault()
		}
		if err != nil {
			return n, errors.Join(fmt.Errorf("import task %d: %w", line, err), e.Sync())
		}
		if e.byID[t.ID] != nil {
			n.Known++
			continue
		}
		e.add(t)
		if n.Added++; n.Added%importBatch == 0 {
			if err := e.Sync(); err != nil {
				return n, fmt.Errorf("import task %d: %w", line, err)
			}
		}
	}
}

// importable checks a record that comes from elsewhere.
func (t *Task) importable() error {
	switch {
	case t.ID == uuid.Nil:
		return errors.New(`"id" is missing`)
	case t.Pool == "":
		return errors.New(`"pool" is missing`)
	case !t.State.Valid():
		return fmt.Errorf("%q is no state of a task", t.State)
	case t.Priority < 0 || t.Priority >= priorities:
		return fmt.Errorf("its priority is %d; it goes from 0 to 9", t.Priority)
	}
	t.Policy.Attempts = max(t.Policy.Attempts, 1)
	t.Progress = nil
	if l, ok := t.Lease(); ok {
		t.close(time.Now(), Outcome{Kind: Released, Error: "exported while it ran"})
		t.Attempt = max(l.Attempt-1, 0)
	}
	if t.State == Running {
		t.State, t.Reason = Queued, "was running where it comes from"
	}
	return nil
}
