package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// TaskReader is a task as it was when the queue made the TaskReader. Data and result
// that are only on the disk stay there until they are written, so that a list of
// large tasks needs little memory. Any goroutine may use a TaskReader, one at a time:
// Load first, and Close at last. The queue may change the task meanwhile.
type TaskReader struct {
	// Task is the task after Load. Its Data and Result are nil: AddPayloads and
	// WriteJSON have them. The user may change the other fields.
	Task task.Task

	data, result payload
	records      []*store.Record // that are to be read, the whole record first
	fault        error           // why the records cannot be read
	noteDamage   func(error)     // is called with a fault; nil = there are no records
}

// OpenTask implements Queue.
func (e *Engine) OpenTask(id uuid.UUID) (*TaskReader, bool) {
	en, ok := e.byID[id]
	if !ok {
		return nil, false
	}
	if en.task != nil {
		return NewTaskReader(*en.task), true
	}
	return e.disk.openRecords(en), true
}

// NewTaskReader returns a TaskReader of a task in memory, which needs no Load.
func NewTaskReader(t task.Task) *TaskReader {
	s := &TaskReader{Task: t, data: payload{text: t.Data}, result: payload{text: t.Result}}
	s.Task.Data, s.Task.Result = nil, nil
	return s
}

// openRecords returns a TaskReader of a task that is only on the disk.
func (d *disk) openRecords(en *entry) *TaskReader {
	s := &TaskReader{Task: *en.stubTask(errors.New("not read yet")), noteDamage: d.noteDamage}
	for _, p := range []store.Place{en.whole, en.head} {
		if p.IsZero() {
			continue
		}
		r, err := d.store.FindRecord(p)
		if err != nil {
			s.fault = err
			break
		}
		s.records = append(s.records, r)
	}
	return s
}

// Load reads the fields of a task that is only on the disk. When that fails, Task
// has the fields that the index has, and the error as its reason.
func (s *TaskReader) Load() {
	var got task.Task
	var data, result payload
	for _, record := range s.records {
		if s.fault != nil {
			break
		}
		if s.fault = record.Verify(); s.fault != nil {
			break
		}
		r := recordReader{from: record}
		whole, err := r.readTask(&got)
		if s.fault, result = err, r.result; whole {
			data = r.data
		}
	}
	switch {
	case s.fault != nil:
		s.noteDamage(s.fault)
		s.Task.Reason = unreadableReason(s.fault)
	case len(s.records) > 0:
		s.Task, s.data, s.result = got, data, result
	}
}

// PayloadLength returns the bytes of the data, the result and the progress.
func (s *TaskReader) PayloadLength() int64 {
	return s.data.length() + s.result.length() + int64(len(s.Task.Progress))
}

// DropPayloads leaves out the data, the result and the progress.
func (s *TaskReader) DropPayloads() {
	s.data, s.result, s.Task.Progress = payload{}, payload{}, nil
}

// AddPayloads reads Data and Result into Task. Both may be long.
func (s *TaskReader) AddPayloads() (err error) {
	if s.Task.Data, err = s.data.readText(); err == nil {
		s.Task.Result, err = s.result.readText()
	}
	return err
}

// WriteJSON writes the task as one line of JSON, its data and its result at the end
// and in parts. After an error a part of the line may have been written.
func (s *TaskReader) WriteJSON(w io.Writer) error {
	head, err := encodeFields(&s.Task)
	if err != nil {
		return fmt.Errorf("write task %s: %w", s.Task.ID, err)
	}
	if _, err := w.Write(head[:len(head)-1]); err != nil {
		return err
	}
	for _, member := range []struct {
		name  string
		value *payload
	}{{"data", &s.data}, {"result", &s.result}} {
		if member.value.length() == 0 {
			continue
		}
		if _, err := io.WriteString(w, `,"`+member.name+`":`); err != nil {
			return err
		}
		if err := member.value.writeCompact(w); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "}")
	return err
}

// encodeFields encodes a task, and leaves a < in its texts as it is.
func encodeFields(t *task.Task) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(t); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Close ends the use of the records.
func (s *TaskReader) Close() {
	for _, r := range s.records {
		r.Close()
	}
	s.records = nil
}
