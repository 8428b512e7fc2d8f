package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// A record is a task as it is stored: whole, or only its head, which is what
// changes while the task lives. What the index needs comes first, so that a
// start reads no further.
//
//	whole  kind, id, pool, priority, submitted, deadline, head, body, more
//	head   kind, id, state, seq, not before, ended, and the rest of it, more
//
// More is there where the kind says so: most tasks need none of it. Numbers are varints, times nanoseconds since 1970 (0 = none), texts and JSON
// have their length before them.
const (
	kindWhole = 1
	kindHead  = 2
	// Marks that are added to them.
	kindMore  = 4  // there is more
	kindBound = 8  // the index knows more of it while it lives: bonds.go
	kindOwes  = 16 // its callback has not been told yet
	kinds     = 32
)

var errRecord = errors.New("not a task record of this version")

// outline is what the index keeps of a record.
type outline struct {
	whole     bool
	marks     byte
	id        uuid.UUID
	pool      []byte // only of a whole one; part of the record's bytes
	priority  int
	submitted int64
	deadline  int64
	state     code
	seq       int64
	notBefore int64
	ended     int64
}

func appendWhole(b []byte, t *task.Task, seq int64) []byte {
	b = append(append(b, kindWhole|recordMarks(t)), t.ID[:]...)
	b = appendText(b, t.Pool)
	b = append(b, byte(t.Priority))
	b = appendTime(b, t.Submitted)
	b = appendTime(b, t.Deadline)
	return appendMore(appendBody(appendChanging(b, t, seq), t), t, true)
}

func appendHead(b []byte, t *task.Task, seq int64) []byte {
	b = append(append(b, kindHead|recordMarks(t)), t.ID[:]...)
	return appendMore(appendChanging(b, t, seq), t, false)
}

// appendChanging adds what changes while a task lives.
func appendChanging(b []byte, t *task.Task, seq int64) []byte {
	b = append(b, byte(codeOf(t.State)))
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

// appendBody adds what never changes.
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

func appendText[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte { return binary.AppendVarint(b, nano(t)) }

// nano is t as the index keeps it.
// nano is a time as it is stored. What does not fit, such as the year 9999 that
// stands for never, is the farthest that does.
func nano(t time.Time) int64 {
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

var farthest, earliest = time.Unix(0, math.MaxInt64), time.Unix(0, math.MinInt64)

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// readOutline reads what the index needs.
func readOutline(record []byte) (outline, error) {
	r := &reader{b: record}
	o := r.outline()
	return o, r.err
}

// readRecord reads a record into t: all of it, or its head. What t has from a
// whole record stays when a head is read into it.
func readRecord(record []byte, t *task.Task) error {
	r := &reader{b: record}
	o := r.outline()
	t.ID, t.State = o.id, o.state.state()
	t.NotBefore, t.Ended, t.Started = moment(o.notBefore), moment(o.ended), r.time()
	t.Attempt, t.Reason, t.Result = r.int(), string(r.text()), r.json()
	t.History = r.history()
	if o.whole {
		t.Pool, t.Priority = string(o.pool), o.priority
		t.Submitted, t.Deadline = moment(o.submitted), moment(o.deadline)
		r.body(t)
	}
	if o.marks&kindMore != 0 {
		r.more(t, o.whole)
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	return r.err
}

// reader takes a record apart. After the first fault it yields zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("%w (%d bytes from its end)", errRecord, len(r.b))
	}
	r.b = nil
}

func (r *reader) outline() (o outline) {
	kind := r.byte()
	o.marks = kind & (kindMore | kindBound | kindOwes)
	o.whole = kind-o.marks == kindWhole
	if !o.whole && kind-o.marks != kindHead || kind >= kinds {
		r.fail()
	}
	copy(o.id[:], r.take(uint64(len(o.id))))
	if o.whole {
		o.pool, o.priority = r.text(), int(r.byte())
		o.submitted, o.deadline = r.varint(), r.varint()
	}
	o.state = code(r.byte())
	o.seq, o.notBefore, o.ended = r.varint(), r.varint(), r.varint()
	if o.state >= codes || o.priority >= priorities {
		r.fail()
		o.state, o.priority = 0, 0
	}
	return o
}

func (r *reader) history() []task.Attempt {
	var list []task.Attempt
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		list = append(list, task.Attempt{
			N: r.int(), Try: r.int(), Worker: string(r.text()), Incarnation: r.int(),
			Start: r.time(), End: r.time(), Outcome: task.Outcome(r.text()), Error: string(r.text()),
		})
	}
	return list
}

func (r *reader) body(t *task.Task) {
	t.Method, t.Key, t.Data = string(r.text()), string(r.text()), r.json()
	p := &t.Policy
	p.Timeout, p.Attempts = task.Seconds(r.varint()), r.int()
	p.RetryDelay, p.RetryDelayMax = task.Seconds(r.varint()), task.Seconds(r.varint())
	if b := r.take(8); b != nil {
		p.RetryJitter = math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(p.RetryJitter) || math.IsInf(p.RetryJitter, 0) {
			r.fail() // no JSON can show it
		}
	}
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	got := r.b[:n]
	r.b = r.b[n:]
	return got
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int        { return int(r.varint()) }
func (r *reader) time() time.Time { return moment(r.varint()) }
func (r *reader) text() []byte    { return r.take(r.uvarint()) }

// json copies, because records are read into buffers that are used again.
func (r *reader) json() []byte { return append([]byte(nil), r.text()...) }
