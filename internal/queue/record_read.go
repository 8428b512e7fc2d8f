package queue

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"initiator/initiator/task"
)

// readOutline reads the fields that the index needs.
func readOutline(record []byte) (outline, error) {
	r := &recordReader{b: record}
	o := r.outline()
	return o, r.err
}

// readRecord reads a record into t. A head record replaces only the fields that
// change; the other fields of t stay as the whole record left them.
func readRecord(record []byte, t *task.Task) error {
	r := &recordReader{b: record}
	o := r.outline()
	t.ID, t.State = o.id, o.state.state()
	t.NotBefore, t.Ended, t.Started = timeOf(o.notBefore), timeOf(o.ended), r.time()
	t.Attempt, t.Reason, t.Result = r.int(), string(r.text()), r.json()
	t.History = r.history()
	if o.whole {
		t.Pool, t.Priority = string(o.pool), o.priority
		t.Submitted, t.Deadline = timeOf(o.submitted), timeOf(o.deadline)
		r.body(t)
	}
	t.CallbackState = ""
	if o.marks&kindMore != 0 {
		r.readUntagged(t, o.whole)
	} else {
		r.readTags(t)
	}
	if r.err == nil && len(r.b) > 0 {
		r.setError()
	}
	return r.err
}

// recordReader takes a record apart. After the first error it yields zeros.
type recordReader struct {
	b   []byte
	err error
}

func (r *recordReader) setError() {
	if r.err == nil {
		r.err = fmt.Errorf("%w (%d bytes from its end)", errRecord, len(r.b))
	}
	r.b = nil
}

func (r *recordReader) outline() (o outline) {
	kind := r.byte()
	o.marks = kind & (kindMore | kindBound | kindOwes)
	o.whole = kind-o.marks == kindWhole
	if !o.whole && kind-o.marks != kindHead || kind >= kindLimit {
		r.setError()
	}
	copy(o.id[:], r.take(uint64(len(o.id))))
	if o.whole {
		o.pool, o.priority = r.text(), int(r.byte())
		o.submitted, o.deadline = r.varint(), r.varint()
	}
	o.state = code(r.byte())
	o.seq, o.notBefore, o.ended = r.varint(), r.varint(), r.varint()
	if o.state >= codes || o.priority >= priorities {
		r.setError()
		o.state, o.priority = 0, 0
	}
	return o
}

func (r *recordReader) history() []task.Attempt {
	var list []task.Attempt
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		list = append(list, task.Attempt{
			N: r.int(), Try: r.int(), Worker: string(r.text()), Incarnation: r.int(),
			Start: r.time(), End: r.time(), Outcome: task.Outcome(r.text()), Error: string(r.text()),
		})
	}
	return list
}

func (r *recordReader) body(t *task.Task) {
	t.Method, t.Key, t.Data = string(r.text()), string(r.text()), r.json()
	p := &t.Policy
	p.Timeout, p.Attempts = task.Seconds(r.varint()), r.int()
	p.RetryDelay, p.RetryDelayMax = task.Seconds(r.varint()), task.Seconds(r.varint())
	if b := r.take(8); b != nil {
		p.RetryJitter = math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(p.RetryJitter) || math.IsInf(p.RetryJitter, 0) {
			r.setError() // JSON has no form for it
		}
	}
}

func (r *recordReader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.setError()
		return nil
	}
	got := r.b[:n]
	r.b = r.b[n:]
	return got
}

func (r *recordReader) takeRest() []byte { return r.take(uint64(len(r.b))) }

func (r *recordReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *recordReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.setError()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.setError()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) int() int        { return int(r.varint()) }
func (r *recordReader) time() time.Time { return timeOf(r.varint()) }
func (r *recordReader) text() []byte    { return r.take(r.uvarint()) }

// json copies, because records are read into buffers that are used again.
func (r *recordReader) json() []byte { return append([]byte(nil), r.text()...) }
