package queue

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// readOutline reads only the fields that the index needs.
func readOutline(record []byte) (outline, error) {
	r := &recordReader{b: record}
	o := r.readOutline()
	return o, r.err
}

// readRecord reads a record into t. A head record replaces only the fields that
// change; every other field of t stays as the whole record left it.
func readRecord(record []byte, t *task.Task) error {
	r := &recordReader{b: record}
	whole, err := r.readTask(t)
	t.Result = r.result.copyText()
	if whole {
		t.Data = r.data.copyText()
	}
	return err
}

// readTask reads a record into t, except for the data and the result, which it
// leaves in r. It reports whether the record is whole.
func (r *recordReader) readTask(t *task.Task) (whole bool, err error) {
	o := r.readOutline()
	t.ID, t.State = o.id, o.state.state()
	t.NotBefore, t.Ended, t.Started = timeOf(o.notBefore), timeOf(o.ended), r.readTime()
	t.Attempt, t.Reason, r.result = r.readInt(), string(r.readText()), r.readPayload()
	t.History = r.readHistory()
	if o.whole {
		t.Pool, t.Priority = string(o.pool), o.priority
		t.Submitted, t.Deadline = timeOf(o.submitted), timeOf(o.deadline)
		r.readBody(t)
	}
	// A head without the tags of these fields sets them to zero.
	t.CallbackState, t.Interruptions, t.Suspicion = "", 0, task.Suspicion{}
	if o.marks&kindMore != 0 {
		r.readUntagged(t, o.whole)
	} else {
		r.readTags(t)
	}
	if r.err == nil && r.hasMore() {
		r.setError()
	}
	return o.whole, r.err
}

// recordReader reads the fields of a record. After the first error it returns zero
// values.
type recordReader struct {
	b   []byte // the rest of the record, or with from the next part of it
	err error  // the first error
	// from is where the record is read in parts; nil = b is the whole rest. at is
	// the position in it behind b.
	from *store.Record
	at   int64

	data, result payload // that were read
}

// recordPart is how many bytes of a record are read at a time.
const recordPart = 32 << 10

// readAhead reads the record until b has n bytes, or all that there are.
func (r *recordReader) readAhead(n uint64) {
	if r.from == nil || n <= uint64(len(r.b)) || r.at == r.from.Size() {
		return
	}
	more := min(max(int64(min(n, uint64(r.from.Size())))-int64(len(r.b)), recordPart), r.from.Size()-r.at)
	b := make([]byte, int64(len(r.b))+more) // fields that were read keep the old bytes
	copy(b, r.b)
	if _, err := r.from.ReadAt(b[len(r.b):], r.at); err != nil {
		r.b, r.from, r.err = nil, nil, cmp.Or(r.err, err)
		return
	}
	r.b, r.at = b, r.at+more
}

// hasMore reports whether the record has more bytes.
func (r *recordReader) hasMore() bool {
	return len(r.b) > 0 || r.from != nil && r.at < r.from.Size()
}

// setError notes that the record is bad at the present position.
func (r *recordReader) setError() {
	if r.err == nil {
		r.err = fmt.Errorf("%w (%d bytes from its end)", errRecord, len(r.b))
	}
	r.b, r.from = nil, nil
}

// readOutline reads from the kind to the last field that the index needs.
func (r *recordReader) readOutline() (o outline) {
	kind := r.readByte()
	o.marks = kind & (kindMore | kindBound | kindOwes | kindSuspect)
	o.whole = kind-o.marks == kindWhole
	if !o.whole && kind-o.marks != kindHead || kind >= kindLimit {
		r.setError()
	}
	copy(o.id[:], r.takeBytes(uint64(len(o.id))))
	if o.whole {
		o.pool, o.priority = r.readText(), int(r.readByte())
		o.submitted, o.deadline = r.readVarint(), r.readVarint()
	}
	o.state = stateCode(r.readByte())
	o.seq, o.notBefore, o.ended = r.readVarint(), r.readVarint(), r.readVarint()
	if o.state >= stateCodes || o.priority >= priorities {
		r.setError()
		o.state, o.priority = 0, 0
	}
	return o
}

// readHistory reads the entries of the history.
func (r *recordReader) readHistory() []task.Attempt {
	var list []task.Attempt
	for n := r.readUvarint(); n > 0 && r.err == nil; n-- {
		list = append(list, task.Attempt{
			N: r.readInt(), Try: r.readInt(), Worker: string(r.readText()), Incarnation: r.readInt(),
			Start: r.readTime(), End: r.readTime(), Outcome: task.Outcome(r.readText()), Error: string(r.readText()),
		})
	}
	return list
}

// readBody reads the fields of appendBody.
func (r *recordReader) readBody(t *task.Task) {
	t.Method, t.Key = string(r.readText()), string(r.readText())
	r.data = r.readPayload()
	p := &t.Policy
	p.Timeout, p.Attempts = task.Seconds(r.readVarint()), r.readInt()
	p.RetryDelay, p.RetryDelayMax = task.Seconds(r.readVarint()), task.Seconds(r.readVarint())
	if b := r.takeBytes(8); b != nil {
		p.RetryJitter = math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(p.RetryJitter) || math.IsInf(p.RetryJitter, 0) {
			r.setError() // JSON cannot express these numbers
		}
	}
}

// takeBytes returns the next n bytes. They share the memory of the record.
func (r *recordReader) takeBytes(n uint64) []byte {
	r.readAhead(n)
	if n > uint64(len(r.b)) {
		r.setError()
		return nil
	}
	got := r.b[:n]
	r.b = r.b[n:]
	return got
}

func (r *recordReader) takeRest() []byte { return r.takeBytes(uint64(len(r.b))) }

func (r *recordReader) readByte() byte {
	if b := r.takeBytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *recordReader) readVarint() int64 {
	r.readAhead(binary.MaxVarintLen64)
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.setError()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) readUvarint() uint64 {
	r.readAhead(binary.MaxVarintLen64)
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.setError()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) readInt() int        { return int(r.readVarint()) }
func (r *recordReader) readTime() time.Time { return timeOf(r.readVarint()) }
func (r *recordReader) readText() []byte    { return r.takeBytes(r.readUvarint()) }

// readPayload reads a JSON text. A text that has not been read yet stays where it
// is.
func (r *recordReader) readPayload() payload {
	n := r.readUvarint()
	if r.from == nil || n <= uint64(len(r.b)) {
		return payload{text: r.takeBytes(n)}
	}
	p := payload{from: r.from, at: r.at - int64(len(r.b)), size: int64(n)}
	if n > uint64(r.from.Size()) || p.at+p.size > r.from.Size() {
		r.setError()
		return payload{}
	}
	r.b, r.at = nil, p.at+p.size
	return p
}
