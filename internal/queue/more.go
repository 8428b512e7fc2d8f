package queue

import (
	"encoding/binary"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// more is what most tasks have nothing of, so that their records do not carry
// it. A record tells by its kind whether it is there.

// recordMarks is what the kind of a task's record says beside whole or head.
func recordMarks(t *task.Task) (m byte) {
	if t.Unique != "" || t.Parent != uuid.Nil {
		m |= kindMore | kindBound
	}
	if t.Callback != "" || t.CallbackState != "" || t.Policy.ProgressTimeout != 0 {
		m |= kindMore
	}
	if t.CallbackState == task.CallbackPending {
		m |= kindOwes
	}
	return m
}

func appendMore(b []byte, t *task.Task, whole bool) []byte {
	if recordMarks(t)&kindMore == 0 {
		return b
	}
	b = appendText(b, t.CallbackState)
	if !whole {
		return b
	}
	b = appendText(b, t.Unique)
	b = append(b, t.Parent[:]...)
	b = appendText(b, t.Callback)
	return binary.AppendVarint(b, int64(t.Policy.ProgressTimeout))
}

func (r *reader) more(t *task.Task, whole bool) {
	t.CallbackState = string(r.text())
	if !whole {
		return
	}
	t.Unique = string(r.text())
	copy(t.Parent[:], r.take(uint64(len(t.Parent))))
	t.Callback = string(r.text())
	t.Policy.ProgressTimeout = task.Seconds(r.varint())
}
