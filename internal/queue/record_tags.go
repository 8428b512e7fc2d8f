package queue

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Tagged fields follow the fixed part of a record up to its end: a tag and a
// length, both uvarints, and as many bytes. A field with its zero value is not
// written. A new stored field of a task gets the next tag here and a line in
// docs/state-directory.md. A reader refuses a tag that it does not know: it
// would lose that field with the next write of the task.
const (
	tagCallbackState   = 1 // changes, so that heads have it too
	tagUnique          = 2
	tagParent          = 3
	tagCallback        = 4
	tagProgressTimeout = 5 // nanoseconds, a varint
)

// recordMarks returns what the kind of a task's record says beside whole or
// head.
func recordMarks(t *task.Task) (marks byte) {
	if t.Unique != "" || t.Parent != uuid.Nil {
		marks |= kindBound
	}
	if t.CallbackState == task.CallbackPending {
		marks |= kindOwes
	}
	return marks
}

// appendChangingTags adds the tagged fields that change while a task lives.
func appendChangingTags(b []byte, t *task.Task) []byte {
	return appendTag(b, tagCallbackState, t.CallbackState)
}

// appendFixedTags adds the tagged fields that never change.
func appendFixedTags(b []byte, t *task.Task) []byte {
	b = appendTag(b, tagUnique, t.Unique)
	if t.Parent != uuid.Nil {
		b = appendTag(b, tagParent, t.Parent[:])
	}
	b = appendTag(b, tagCallback, t.Callback)
	if n := int64(t.Policy.ProgressTimeout); n != 0 {
		b = appendTag(b, tagProgressTimeout, binary.AppendVarint(nil, n))
	}
	return b
}

func appendTag[T ~string | ~[]byte](b []byte, tag uint64, value T) []byte {
	if len(value) == 0 {
		return b
	}
	return appendText(binary.AppendUvarint(b, tag), value)
}

// readTags reads the tagged fields up to the end of the record.
func (r *recordReader) readTags(t *task.Task) {
	for r.err == nil && len(r.b) > 0 {
		tag := r.readUvarint()
		value := recordReader{b: r.readText()}
		switch tag {
		case tagCallbackState:
			t.CallbackState = string(value.takeRest())
		case tagUnique:
			t.Unique = string(value.takeRest())
		case tagParent:
			copy(t.Parent[:], value.takeBytes(uint64(len(t.Parent))))
		case tagCallback:
			t.Callback = string(value.takeRest())
		case tagProgressTimeout:
			t.Policy.ProgressTimeout = task.Seconds(value.readVarint())
		default:
			if r.err == nil {
				r.err = fmt.Errorf("%w: it has field %d, which a newer initiator wrote; start that one", errRecord, tag)
			}
		}
		if value.err != nil || len(value.b) > 0 {
			r.setError()
		}
	}
}

// readUntagged reads the rest of a record of version 1, which has the same
// fields in a fixed order.
func (r *recordReader) readUntagged(t *task.Task, whole bool) {
	t.CallbackState = string(r.readText())
	if !whole {
		return
	}
	t.Unique = string(r.readText())
	copy(t.Parent[:], r.takeBytes(uint64(len(t.Parent))))
	t.Callback = string(r.readText())
	t.Policy.ProgressTimeout = task.Seconds(r.readVarint())
}
