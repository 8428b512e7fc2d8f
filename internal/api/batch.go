package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/dispatch"
	"initiator/internal/ndjson"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// Bounds of the lines that are stored with one write.
const (
	batchLines = 256
	batchBytes = 1 << 20
)

const ndjsonType = "application/x-ndjson"

// submitBatch answers POST /tasks with Content-Type application/x-ndjson. Every
// line is a request and has one line of the answer, in the same order: the record,
// or the envelope of its fault, whose data names line and status. Answers are sent
// while lines arrive; a client that sends many lines must read meanwhile.
func (h *handlers) submitBatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("wait") {
		webhook.BadBody.WriteAnswer(w, "wait is for one task; submit these, and wait for each", nil)
		return
	}
	if _, ok := callingWorker(r); ok {
		webhook.Forbidden.WriteAnswer(w, "a worker submits one task in a request, without Content-Type: "+ndjsonType, nil)
		return
	}
	h.answerLines(w, r, bounds.Body, func() lineStore { return &requestLines{tasks: h.Tasks} })
}

// answerLines answers the lines of a request in batches. Each batch has a new
// lineStore.
func (h *handlers) answerLines(w http.ResponseWriter, r *http.Request, limit int, newStore func() lineStore) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 always is
	endReading := func() { _ = control.SetReadDeadline(time.Unix(1, 0)) }
	defer context.AfterFunc(h.life, endReading)()
	defer context.AfterFunc(r.Context(), endReading)() // the token was replaced, or the client is gone
	w.Header().Set("Content-Type", ndjsonType)
	w.WriteHeader(http.StatusOK)
	lines, held := ndjson.NewReader(r.Body, limit), heldBodyOf(r)
	lines.BeforeLong = func() error { return held.reserveLine(w, r, limit) }
	for more := true; more; {
		held.release() // the last batch
		b := batch{handlers: h, ctx: context.WithoutCancel(r.Context()), store: newStore()}
		_ = control.SetReadDeadline(time.Now().Add(readTimeout)) // of the next lines, not of all
		if h.life.Err() == nil && r.Context().Err() == nil {
			more = b.readLines(lines)
		} else {
			more = false
		}
		b.storeLines()
		if _, err := w.Write(b.encodeAnswer()); err != nil || control.Flush() != nil {
			return // the client has gone away
		}
	}
}

// lineStore decodes the lines of one batch, and stores all that it could decode
// with one write.
type lineStore interface {
	decodeLine(line []byte) error
	storeAll(ctx context.Context) ([]dispatch.BatchLineResult, error)
	// encodeResult is the answer to a line that was stored.
	encodeResult(t *task.Task) any
}

// requestLines are lines that are requests.
type requestLines struct {
	tasks    *dispatch.Dispatcher
	requests []task.Request
}

func (s *requestLines) decodeLine(line []byte) error {
	var q task.Request
	err := decodeRequest(line, &q)
	if err == nil {
		s.requests = append(s.requests, q)
	}
	return err
}

func (s *requestLines) storeAll(ctx context.Context) ([]dispatch.BatchLineResult, error) {
	return s.tasks.SubmitMany(ctx, s.requests)
}

func (s *requestLines) encodeResult(t *task.Task) any { return t }

// batch is the lines that are stored with one write.
type batch struct {
	*handlers
	ctx     context.Context
	store   lineStore
	lines   []batchLine
	decoded int // how many lines could be decoded
}

// batchLine is one line and its answer.
type batchLine struct {
	number int
	code   webhook.Code // not OK = the line is refused
	reason string
	result dispatch.BatchLineResult
}

// readLines reads the lines that have arrived, at least one, and reports whether
// there may be more.
func (b *batch) readLines(from *ndjson.Reader) bool {
	for bytes := 0; len(b.lines) < batchLines && bytes < batchBytes; {
		line, err := from.NextLine()
		bytes += len(line)
		switch {
		case errors.Is(err, io.EOF):
			return false
		case errors.Is(err, ndjson.ErrTooLong):
			b.refuseLine(from.LineNumber(), webhook.BodyTooLarge, err.Error())
		case errors.Is(err, errBodiesFull):
			b.refuseLine(from.LineNumber()+1, webhook.BodiesFull, err.Error())
			b.lines[len(b.lines)-1].result.Err = err
			return false
		case err != nil:
			b.refuseLine(from.LineNumber()+1, readErrorCode(err), "the line did not arrive whole: "+err.Error())
			return false
		default:
			b.decodeLine(from.LineNumber(), line)
		}
		if !from.HasLine() {
			break
		}
	}
	return true
}

// readErrorCode tells a client that was too slow from a broken connection.
func readErrorCode(err error) webhook.Code {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return webhook.BodyTimeout
	}
	return webhook.BadBody
}

func (b *batch) decodeLine(number int, line []byte) {
	if err := b.store.decodeLine(line); err != nil {
		b.refuseLine(number, webhook.BadBody, err.Error())
		return
	}
	b.lines = append(b.lines, batchLine{number: number})
	b.decoded++
}

func (b *batch) refuseLine(number int, code webhook.Code, reason string) {
	b.lines = append(b.lines, batchLine{number: number, code: code, reason: reason})
}

// storeLines stores the lines that could be decoded.
func (b *batch) storeLines() {
	if b.decoded == 0 {
		return
	}
	results, err := b.store.storeAll(b.ctx)
	next := 0
	for i := range b.lines {
		l := &b.lines[i]
		if !l.code.OK() {
			continue
		}
		if l.result.Err = err; err == nil {
			l.result = results[next]
		}
		if l.result.Err != nil {
			l.code, l.reason = b.describeError(l.result.Err)
		}
		next++
	}
}

// lineFault is the data of the envelope for a line that was refused.
type lineFault struct {
	Line       int     `json:"line"`
	Status     int     `json:"status"` // that the request would have had alone
	RetryAfter float64 `json:"retry_after,omitempty"`
}

// encodeAnswer writes one line for each line of the batch.
func (b *batch) encodeAnswer() []byte {
	var body bytes.Buffer
	out := newEncoder(&body)
	for i, l := range b.lines {
		if l.code.OK() {
			_ = out.Encode(b.store.encodeResult(&b.lines[i].result.Task)) // its raw members were checked when they arrived
			continue
		}
		data, _ := json.Marshal(lineFault{l.number, l.code.Status, retryAfterSeconds(l.code, l.result.Err)})
		_ = out.Encode(proactor.Envelope{Code: l.code.Number, Message: l.reason, Data: data})
	}
	return body.Bytes()
}
