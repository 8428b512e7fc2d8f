package queue

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// ExportTasks writes every task as a line of JSON, in the order of submission. It
// reads every record and so blocks the queue for a long time: call it only on a
// queue without a dispatcher.
func (e *Engine) ExportTasks(w io.Writer) error {
	all, err := e.SelectTasks(task.Filter{Limit: len(e.byID)})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, id := range slices.Backward(all.IDs) {
		if err := e.exportTask(out, id); err != nil {
			return fmt.Errorf("export task %s: %w", id, err)
		}
	}
	return out.Flush()
}

// exportTask writes one line.
func (e *Engine) exportTask(out *bufio.Writer, id uuid.UUID) error {
	s, _ := e.OpenTask(id)
	defer s.Close()
	if s.Load(); s.fault != nil {
		return s.fault
	}
	return errors.Join(s.WriteJSON(out), out.WriteByte('\n'))
}
