package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"initiator/internal/dispatch"
	"initiator/internal/ndjson"
	"initiator/internal/queue"
	"initiator/proactor"
)

// Batches is the part about many tasks in one request.
type Batches interface {
	// SubmitMany keeps all of them with one write.
	SubmitMany(ctx context.Context, requests []task.Request) ([]dispatch.BatchLineResult, error)
}

// Bounds of what is submitted with one write.
const (
	chunkLines = 256
	chunkBytes = 1 << 20
)

type batches struct {
	house House
	life  context.Context // of the server: ends the streams
}

// submit answers POST /tasks with Content-Type application/x-ndjson: every
// line is a request, and has one line of the answer, in their order. That is
// the record, or the envelope of its fault, whose data names line and status.
// Answers come while lines do; a client that sends many must read meanwhile.
func (b batches) submit(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("wait") {
		proactor.BadBody.Write(w, "wait is for one task; submit these, and wait for each", nil)
		return
	}
	if _, inside := r.Context().Value(holderKey{}).(string); inside {
		proactor.Forbidden.Write(w, "a worker submits one task in a request, because whose child it is has to be checked", nil)
		return
	}
	b.stream(w, r, bodyLimit, func() taker { return &submits{house: b.house} })
}

// stream answers the lines of a request, in chunks, each with one of its own.
func (b batches) stream(w http.ResponseWriter, r *http.Request, limit int, of func() taker) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 always is
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	defer context.AfterFunc(b.life, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })()
	w.Header().Set("Content-Type", ndjsonType)
	w.WriteHeader(http.StatusOK)
	lines := ndjson.NewReader(r.Body, limit)
	for more := true; more; {
		c := chunk{house: b.house, ctx: r.Context(), taker: of()}
		_ = control.SetReadDeadline(time.Now().Add(readTimeout)) // of the next lines, not of all
		if b.life.Err() == nil {
			more = c.collect(lines)
		} else {
			more = false
		}
		c.submit()
		_ = control.SetWriteDeadline(time.Now().Add(readTimeout))
		if _, err := w.Write(c.answer()); err != nil || control.Flush() != nil {
			return // nobody is there to read it
		}
	}
}

const ndjsonType = "application/x-ndjson"

// taker is what becomes of lines: it reads them, and then takes all that it
// could read with one write.
type taker interface {
	read(line []byte) error
	take(ctx context.Context) ([]dispatch.BatchLineResult, error)
	// shown is what is answered to one that was taken.
	shown(t *task.Task) any
}

// submits are lines that are requests.
type submits struct {
	house    House
	requests []task.Request
}

func (s *submits) read(line []byte) error {
	var q task.Request
	err := proactor.Decode(line, &q)
	if err == nil {
		s.requests = append(s.requests, q)
	}
	return err
}

func (s *submits) take(ctx context.Context) ([]dispatch.BatchLineResult, error) {
	return s.house.SubmitMany(ctx, s.requests)
}

func (s *submits) shown(t *task.Task) any { return t }

// chunk is some lines that are taken with one write.
type chunk struct {
	house House
	ctx   context.Context
	taker taker
	lines []verdict
	taken int // how many of them could be read
}

// verdict is what is answered to a line: err, or what becomes of its request.
type verdict struct {
	line int
	code proactor.Code // not OK = it is no request
	why  string
	got  dispatch.BatchLineResult
}

// collect takes the lines that are there, at least one, and reports whether
// there may be more.
func (c *chunk) collect(from *ndjson.Reader) bool {
	for bytes := 0; len(c.lines) < chunkLines && bytes < chunkBytes; {
		line, err := from.Next()
		bytes += len(line)
		switch {
		case errors.Is(err, io.EOF):
			return false
		case errors.Is(err, ndjson.ErrTooLong):
			c.refuse(from.Line(), proactor.BodyTooLarge, err.Error())
		case err != nil:
			c.refuse(from.Line()+1, brokenCode(err), "the line did not arrive whole: "+err.Error())
			return false
		default:
			c.add(from.Line(), line)
		}
		if !from.Ready() {
			break
		}
	}
	return true
}

// brokenCode tells a client that was too slow from one that broke off.
func brokenCode(err error) proactor.Code {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return proactor.BodyTimeout
	}
	return proactor.BadBody
}

func (c *chunk) add(number int, line []byte) {
	if err := c.taker.read(line); err != nil {
		c.refuse(number, proactor.BadBody, err.Error())
		return
	}
	c.lines = append(c.lines, verdict{line: number})
	c.taken++
}

func (c *chunk) refuse(line int, code proactor.Code, why string) {
	c.lines = append(c.lines, verdict{line: line, code: code, why: why})
}

// submit asks for the verdicts of all that could be read.
func (c *chunk) submit() {
	if c.taken == 0 {
		return
	}
	got, err := c.taker.take(c.ctx)
	next := 0
	for i := range c.lines {
		v := &c.lines[i]
		if !v.code.OK() {
			continue
		}
		if v.got.Err = err; err == nil {
			v.got = got[next]
		}
		if v.got.Err != nil {
			v.code, v.why = described(c.house, v.got.Err)
		}
		next++
	}
}

// answer writes a line for each.
func (c *chunk) answer() []byte {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false)
	for i, v := range c.lines {
		if v.code.OK() {
			_ = out.Encode(c.taker.shown(&c.lines[i].got.Task)) // its data was JSON when it was taken
			continue
		}
		data, _ := json.Marshal(map[string]int{"line": v.line, "status": v.code.HTTP})
		_ = out.Encode(proactor.Envelope{Code: v.code.Code, Message: v.why, Data: data})
	}
	return body.Bytes()
}
