package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Parse reads a header. What we write ourselves is read by hand, in a tenth of
// the time; anything else that is JSON (spaces, escapes, members that we do not
// know) is left to encoding/json, which also has the last word on what is
// wrong. Strings that are as they were in h before are not allocated again. On
// an error h says nothing.
func (h *WorkerHeader) Parse(b []byte) error {
	before := *h
	if h.fast(b, &before) {
		return nil
	}
	*h = WorkerHeader{}
	if err := h.slow(b); err != nil {
		return fmt.Errorf("read the header of a message: %w", err)
	}
	return nil
}

// fast reads an object without spaces whose members are plain and known, and
// gives up on anything else.
func (h *WorkerHeader) fast(b []byte, before *WorkerHeader) bool {
	*h = WorkerHeader{}
	kind := ""
	return object(b, func(name, b []byte) ([]byte, bool) { return h.member(name, b, &kind, before) }) && h.settle(kind)
}

// object reads a JSON object without spaces, whose members' values are read by
// member: it returns what follows the value, or not ok when it gives up.
func object(b []byte, member func(name, b []byte) (rest []byte, ok bool)) bool {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	for b = b[1:]; ; b = b[1:] {
		name, rest, ok := word(b)
		if !ok || len(rest) == 0 || rest[0] != ':' {
			return false
		}
		if b, ok = member(name, rest[1:]); !ok || len(b) == 0 {
			return false
		}
		if b[0] == '}' {
			return len(b) == 1
		}
		if b[0] != ',' {
			return false
		}
	}
}

// member reads the value of one member and returns what follows it.
func (h *WorkerHeader) member(name, b []byte, kind *string, before *WorkerHeader) (rest []byte, ok bool) {
	switch string(name) {
	case "m":
		rest, ok = text(&h.Method, b, before.Method)
	case "a":
		return number(&h.Attempt, b)
	case "s":
		rest, ok = text(&h.Status, b, known(b, StatusCompleted, StatusFailed, StatusRefused))
	case "t":
		rest, ok = text(&h.Traceparent, b, before.Traceparent)
	case "k":
		rest, ok = text(kind, b, known(b, words[:]...))
	case "c":
		return number(&h.Code, b)
	case "q":
		n := 0
		rest, ok = number(&n, b)
		h.Seq = uint64(n)
	case "d":
		var d []byte
		if d, rest, ok = word(b); ok {
			ok = h.Deadline.UnmarshalText(d) == nil
		}
	case "retry":
		rest, ok = bytes.CutPrefix(b, []byte("true"))
		h.Retry = ok
	}
	return rest, ok
}

// word reads a plain string.
func word(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[1:i], b[i+1:], true
		case c < ' ' || c > '~' || c == '\\':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// text reads a plain string into s; likely is what it probably is.
func text(s *string, b []byte, likely string) (rest []byte, ok bool) {
	w, rest, ok := word(b)
	if string(w) == likely { // the compiler allocates nothing for this
		*s = likely
	} else {
		*s = string(w)
	}
	return rest, ok
}

// known finds the one of some words with which b begins.
func known(b []byte, list ...string) string {
	for _, w := range list {
		if w != "" && len(b) > len(w) && string(b[1:len(w)+1]) == w {
			return w
		}
	}
	return ""
}

// number reads a positive number of at most 9 digits.
func number(n *int, b []byte) (rest []byte, ok bool) {
	i := 0
	for *n = 0; i < len(b) && i < 10 && '0' <= b[i] && b[i] <= '9'; i++ {
		*n = *n*10 + int(b[i]-'0')
	}
	return b[i:], 0 < i && i < 10 && (b[0] != '0' || i == 1)
}

// slow reads any JSON object.
func (h *WorkerHeader) slow(b []byte) error {
	var said struct {
		K          string    `json:"k"`
		M          string    `json:"m"`
		A          int       `json:"a"`
		D          time.Time `json:"d"`
		T          string    `json:"t"`
		S          string    `json:"s"`
		C          int       `json:"c"`
		Retry      bool      `json:"retry"`
		RetryAfter float64   `json:"retry_after"`
		Q          uint64    `json:"q"`
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return err
	}
	*h = WorkerHeader{
		Method: said.M, Attempt: said.A, Deadline: said.D, Traceparent: said.T,
		Status: said.S, Code: said.C, Retry: said.Retry, Seq: said.Q,
		RetryAfter: seconds(said.RetryAfter),
	}
	h.settle(said.K)
	return nil
}

// seconds is a span that others have named.
func seconds(n float64) time.Duration {
	return time.Duration(min(max(n, 0), math.MaxInt32) * float64(time.Second))
}

// settle finds the kind, when all members are read. It is always true.
func (h *WorkerHeader) settle(kind string) bool {
	switch {
	case kind != "":
		h.Kind = KindUnknown
		for k, w := range words {
			if w == kind {
				h.Kind = Kind(k)
			}
		}
	case h.Status != "":
		h.Kind = KindAnswer
	}
	return true
}
