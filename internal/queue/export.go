package queue

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// ExportTasks writes every task as a line of JSON, in the order of submission. It
// reads every record and so blocks the queue for a long time: call it only on a
// queue without a dispatcher.
func (e *Engine) ExportTasks(w io.Writer) error {
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
			if t, err = e.disk.readTask(en); err != nil {
				return fmt.Errorf("export task %s: %w", en.id, err)
			}
		}
		if err := lines.Encode(t); err != nil {
			return fmt.Errorf("export task %s: %w", en.id, err)
		}
	}
	return out.Flush()
}
