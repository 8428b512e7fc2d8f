package queue

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Tagged fields follow the fixed part of a record up to its end: a tag and a
// length, both uvarints, and then the bytes. A field with its zero value is not
// written. A new stored field of a task gets the next tag here and a row in
// docs/state-directory.md. A reader refuses an unknown tag, because the next write
// of the task would lose that field.
const (
	tagCallbackState   = 1 // also in a head, because it changes
	tagUnique          = 2
	tagParent          = 3
	tagCallback        = 4
	tagProgressTimeout = 5 // nanoseconds, a varint
	tagInterruptions   = 6 // a varint; also in a head
	tagSuspicion       = 7 // group, nanoseconds, times: varints; also in a head
	tagAtMostOnce      = 8 // 1, a varint
	tagSubmittedBy     = 9
)

// recordMarks returns the marks in the kind of a task's record. Open reads the
// record of a task with kindBound or kindOwes to restore its relations.
func recordMarks(t *task.Task) (marks byte) {
	if t.Unique != "" || t.Parent != uuid.Nil {
		marks |= kindBound
	}
	if t.CallbackState == task.CallbackPending {
		marks |= kindOwes
	}
	if t.Suspicion.IsSuspect() {
		marks |= kindSuspect
	}
	return marks
}

// appendChangingTags appends the tagged fields that change while a task lives.
func appendChangingTags(b []byte, t *task.Task) []byte {
	b = appendTag(b, tagCallbackState, t.CallbackState)
	b = appendNumberTag(b, tagInterruptions, int64(t.Interruptions))
	if s := t.Suspicion; s != (task.Suspicion{}) {
		value := binary.AppendVarint(nil, int64(s.Group))
		value = binary.AppendVarint(value, int64(s.Ran))
		b = appendTag(b, tagSuspicion, binary.AppendVarint(value, int64(s.Times)))
	}
	return b
}

// appendFixedTags appends the tagged fields that never change.
func appendFixedTags(b []byte, t *task.Task) []byte {
	b = appendTag(b, tagUnique, t.Unique)
	if t.Parent != uuid.Nil {
		b = appendTag(b, tagParent, t.Parent[:])
	}
	b = appendTag(b, tagCallback, t.Callback)
	b = appendNumberTag(b, tagProgressTimeout, int64(t.Policy.ProgressTimeout))
	if t.Policy.AtMostOnce {
		b = appendNumberTag(b, tagAtMostOnce, 1)
	}
	return appendTag(b, tagSubmittedBy, t.SubmittedBy)
}

// appendTag appends a tagged field. It appends nothing for an empty value.
func appendTag[T ~string | ~[]byte](b []byte, tag uint64, value T) []byte {
	if len(value) == 0 {
		return b
	}
	return appendText(binary.AppendUvarint(b, tag), value)
}

// appendNumberTag appends a tagged number. It appends nothing for 0.
func appendNumberTag(b []byte, tag uint64, n int64) []byte {
	if n == 0 {
		return b
	}
	return appendTag(b, tag, binary.AppendVarint(nil, n))
}

// readTags reads the tagged fields up to the end of the record.
func (r *recordReader) readTags(t *task.Task) {
	for r.err == nil && r.hasMore() {
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
		case tagAtMostOnce:
			t.Policy.AtMostOnce = value.readVarint() != 0
		case tagSubmittedBy:
			t.SubmittedBy = string(value.takeRest())
		case tagInterruptions:
			t.Interruptions = value.readInt()
		case tagSuspicion:
			t.Suspicion = task.Suspicion{Group: value.readInt(), Ran: task.Seconds(value.readVarint()), Times: value.readInt()}
		default:
			if r.err == nil {
				r.err = fmt.Errorf("%w: it has field %d, which a newer initiator wrote; start the newer initiator", errRecord, tag)
			}
		}
		if value.err != nil || len(value.b) > 0 {
			r.setError()
		}
	}
}

// readUntagged reads the optional fields of a record of version 1. They have a
// fixed order and no tags.
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
