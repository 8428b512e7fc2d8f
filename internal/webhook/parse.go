package webhook

import (
	"bytes"
	"encoding/json"

	"initiator/internal/jsonappend"
	"initiator/internal/strictjson"
	"initiator/proactor"
)

// The functions in this file read by hand the bodies that come with every task,
// in the exact form in which append.go writes them, in a fifth of the time and
// without reflection. Every other form, such as the spaces of a ding peer, is left
// to encoding/json, which gives the same values. Payloads are checked and not
// decoded.

// jsonScan is the JSON that is left to read.
type jsonScan []byte

// skipLiteral reads exactly these bytes.
func (s *jsonScan) skipLiteral(literal string) bool {
	if len(*s) < len(literal) || string((*s)[:len(literal)]) != literal {
		return false
	}
	*s = (*s)[len(literal):]
	return true
}

// readText reads a string without escapes.
func (s *jsonScan) readText() (string, bool) {
	b := *s
	if len(b) == 0 || b[0] != '"' {
		return "", false
	}
	end := bytes.IndexByte(b[1:], '"') + 1
	if end == 0 || !jsonappend.IsPlain(b[1:end]) {
		return "", false
	}
	*s = b[end+1:]
	return string(b[1:end]), true
}

// readNumber reads a positive number of at most 9 digits.
func (s *jsonScan) readNumber() (n int, ok bool) {
	b, i := *s, 0
	for ; i < len(b) && i < 10 && '0' <= b[i] && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	*s = b[i:]
	return n, 0 < i && i < 10 && (b[0] != '0' || i == 1)
}

// readLast reads the value of the last member: all but the bracket behind it.
func (s *jsonScan) readLast() (json.RawMessage, bool) {
	b := *s
	if len(b) < 2 || b[len(b)-1] != '}' {
		return nil, false
	}
	b = b[: len(b)-1 : len(b)-1]
	return json.RawMessage(b), b[0] > ' ' && b[len(b)-1] > ' ' && json.Valid(b)
}

// readEnvelope reads an answer.
func (s jsonScan) readEnvelope() (e proactor.Envelope, ok bool) {
	e.Success = s.skipLiteral(`{"success":true,"code":`)
	if !e.Success && !s.skipLiteral(`{"success":false,"code":`) {
		return e, false
	}
	if e.Code, ok = s.readNumber(); !ok || !s.skipLiteral(`,"message":`) {
		return e, false
	}
	if e.Message, ok = s.readText(); !ok || !s.skipLiteral(`,"data":`) {
		return e, false
	}
	e.Data, ok = s.readLast()
	return e, ok
}

// readTaskRef reads what stands between the brackets of a TaskRef, and the closing one.
func (s *jsonScan) readTaskRef() (r TaskRef, ok bool) {
	if !s.skipLiteral(`"id":`) {
		return r, false
	}
	r.ID, ok = s.readText()
	if ok && s.skipLiteral(`,"method":`) {
		r.Method, ok = s.readText()
	}
	if ok && s.skipLiteral(`,"attempt":`) {
		r.Attempt, ok = s.readNumber()
	}
	if ok && s.skipLiteral(`,"deadline":`) {
		var by string
		by, ok = s.readText()
		ok = ok && r.Deadline.UnmarshalText([]byte(by)) == nil
	}
	if ok && s.skipLiteral(`,"traceparent":`) {
		r.Traceparent, ok = s.readText()
	}
	if ok && s.skipLiteral(`,"inline_ms":`) {
		r.InlineMS, ok = s.readNumber()
	}
	return r, ok && s.skipLiteral("}")
}

// readTaskBody reads the body of POST /task/new.
func (s jsonScan) readTaskBody() (t TaskBody, ok bool) {
	if !s.skipLiteral(`{"task":{`) {
		return t, false
	}
	if t.Task, ok = s.readTaskRef(); !ok || !s.skipLiteral(`,"data":`) {
		return t, false
	}
	t.Data, ok = s.readLast()
	return t, ok
}

// readResultBody reads the body of a report; one with retry is rare.
func (s jsonScan) readResultBody() (r ResultBody, ok bool) {
	if !s.skipLiteral(`{"task":{`) {
		return r, false
	}
	if r.Task, ok = s.readTaskRef(); !ok || !s.skipLiteral(`,"result":`) {
		return r, false
	}
	r.Result, ok = s.readLast()
	return r, ok
}

// readTaskAnswer reads an inline answer.
func (s jsonScan) readTaskAnswer() (a TaskAnswer, ok bool) {
	if !s.skipLiteral(`{"status":`) {
		return a, false
	}
	if a.Status, ok = s.readText(); !ok || !s.skipLiteral(`,"result":`) {
		return a, false
	}
	a.Result, ok = s.readLast()
	return a, ok
}

// decodeByHand reads a body into v, if it is one of those above in our own bytes.
func decodeByHand(data []byte, v any) (ok bool) {
	switch v := v.(type) {
	case *TaskBody:
		var t TaskBody
		if t, ok = jsonScan(data).readTaskBody(); ok {
			*v = t
		}
	case *ResultBody:
		var r ResultBody
		if r, ok = jsonScan(data).readResultBody(); ok {
			*v = r
		}
	}
	return ok
}

// ParseTaskAnswer reads the data of the answer to POST /task/new. An answer without
// status means that the task was merely received.
func ParseTaskAnswer(data json.RawMessage) (a TaskAnswer, err error) {
	if a, ok := jsonScan(data).readTaskAnswer(); ok {
		return a, nil
	}
	err = strictjson.ExplainDecode(json.Unmarshal(data, &a))
	return a, err
}
