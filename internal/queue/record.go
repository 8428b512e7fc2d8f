package queue

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"initiator/initiator/task"
)

// A record is a task as a file stores it. A whole record has every stored
// field. A head record has only the fields that change while the task lives; it
// is read on top of the whole record that was written before it. The fields
// that the index needs come first, so that a start reads no further.
//
//	whole  kind, id, pool, priority, submitted, deadline, changing, body, tagged
//	head   kind, id, changing, tagged
//
// The tagged fields fill the rest of the record (record_tags.go). Most tasks
// have none. Numbers are varints, times are nanoseconds since 1970 (0 = none),
// texts and JSON follow their length. docs/state-directory.md has every byte.
const (
	kindWhole = 1
	kindHead  = 2
	// Marks are added to the kind.
	kindMore    = 4  // version 1 only: untagged fields follow to the end
	kindBound   = 8  // the task has a unique key or a parent: relations.go
	kindOwes    = 16 // the callback is pending
	kindSuspect = 32 // the task is a suspect
	kindLimit   = 64
)

// errRecord reports bytes that are no record.
var errRecord = errors.New("not a task record of this version")

// outline holds the fields of a record that the index keeps.
type outline struct {
	whole     bool
	marks     byte
	id        [16]byte
	pool      []byte // of a whole record only; a part of the record's bytes
	priority  int
	submitted int64
	deadline  int64
	state     stateCode
	seq       int64
	notBefore int64
	ended     int64
}

// appendWhole appends the whole record of a task.
func appendWhole(b []byte, t *task.Task, seq int64) []byte {
	b = append(append(b, kindWhole|recordMarks(t)), t.ID[:]...)
	b = appendText(b, t.Pool)
	b = append(b, byte(t.Priority))
	b = appendTime(b, t.Submitted)
	b = appendTime(b, t.Deadline)
	b = appendBody(appendChanging(b, t, seq), t)
	return appendFixedTags(appendChangingTags(b, t), t)
}

// appendHead appends the head record of a task.
func appendHead(b []byte, t *task.Task, seq int64) []byte {
	b = append(append(b, kindHead|recordMarks(t)), t.ID[:]...)
	return appendChangingTags(appendChanging(b, t, seq), t)
}

// appendChanging appends the fields that change while a task lives.
func appendChanging(b []byte, t *task.Task, seq int64) []byte {
	b = append(b, byte(stateCodeOf(t.State)))
	b = binary.AppendVarint(b, seq)
	b = appendTime(b, t.NotBefore)
	b = appendTime(b, t.Ended)
	b = appendTime(b, t.Started)
	b = binary.AppendVarint(b, int64(t.Attempt))
	b = appendText(b, t.Reason)
	b = appendText(b, t.Result)
	b = binary.AppendUvarint(b, uint64(len(t.History)))
	for i := range t.History {
		b = appendAttempt(b, &t.History[i])
	}
	return b
}

// appendAttempt appends one entry of the history.
func appendAttempt(b []byte, a *task.Attempt) []byte {
	b = binary.AppendVarint(b, int64(a.N))
	b = binary.AppendVarint(b, int64(a.Try))
	b = appendText(b, a.Worker)
	b = binary.AppendVarint(b, int64(a.Incarnation))
	b = appendTime(b, a.Start)
	b = appendTime(b, a.End)
	b = appendText(b, a.Outcome)
	return appendText(b, a.Error)
}

// appendBody appends fields that never change.
func appendBody(b []byte, t *task.Task) []byte {
	b = appendText(b, t.Method)
	b = appendText(b, t.Key)
	b = appendText(b, t.Data)
	p := &t.Policy
	for _, n := range []int64{int64(p.Timeout), int64(p.Attempts), int64(p.RetryDelay), int64(p.RetryDelayMax)} {
		b = binary.AppendVarint(b, n)
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(p.RetryJitter))
}

// appendText appends the length of a text and the text.
func appendText[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime appends a time as a varint.
func appendTime(b []byte, t time.Time) []byte { return binary.AppendVarint(b, nanoOf(t)) }

// nanoOf returns a time as the index and the records store it: nanoseconds since
// 1970, 0 for the zero time. A time out of range, such as the year 9999 for
// "never", becomes the nearest time in range.
func nanoOf(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.After(farthest):
		return math.MaxInt64
	case t.Before(earliest):
		return math.MinInt64
	}
	return t.UnixNano()
}

// farthest and earliest are the ends of the range of nanoOf.
var farthest, earliest = time.Unix(0, math.MaxInt64), time.Unix(0, math.MinInt64)

// timeOf returns the time of a result of nanoOf.
func timeOf(nano int64) time.Time {
	if nano == 0 {
		return time.Time{}
	}
	return time.Unix(0, nano)
}
