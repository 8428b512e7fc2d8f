package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"initiator/internal/strictjson"
)

// Parse reads a header into h. A header in the form that Append writes is
// parsed by hand, in a tenth of the time. Any other JSON object (with spaces,
// escapes or unknown members) is left to encoding/json, which also decides what
// is an error. A string that equals the one in h before is not allocated again.
// After an error the content of h is undefined.
func (h *WorkerHeader) Parse(b []byte) error {
	before := *h
	if h.parseFast(b, &before) {
		return nil
	}
	*h = WorkerHeader{}
	if err := h.parseJSON(b); err != nil {
		return fmt.Errorf("read the header of a message: %w", err)
	}
	return nil
}

// parseFast reads an object without spaces whose members are plain and known.
// It returns false for anything else.
func (h *WorkerHeader) parseFast(b []byte, before *WorkerHeader) bool {
	*h = WorkerHeader{}
	kind := ""
	return parseObject(b, func(name, b []byte) ([]byte, bool) { return h.parseMember(name, b, &kind, before) }) && h.resolveKind(kind)
}

// parseObject reads a JSON object without spaces. It calls member for each
// member's value; member returns the rest of b behind the value, or false to
// give up.
func parseObject(b []byte, member func(name, b []byte) (rest []byte, ok bool)) bool {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	for b = b[1:]; ; b = b[1:] {
		name, rest, ok := cutString(b)
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

// parseMember reads the value of one member and returns the rest of b behind
// it.
func (h *WorkerHeader) parseMember(name, b []byte, kind *string, before *WorkerHeader) (rest []byte, ok bool) {
	switch string(name) {
	case "m":
		rest, ok = cutStringInto(&h.Method, b, before.Method)
	case "a":
		return cutNumber(&h.Attempt, b)
	case "s":
		rest, ok = cutStringInto(&h.Status, b, guessString(b, StatusCompleted, StatusFailed, StatusRefused))
	case "t":
		rest, ok = cutStringInto(&h.Traceparent, b, before.Traceparent)
	case "k":
		rest, ok = cutStringInto(kind, b, guessString(b, kindNames[:]...))
	case "c":
		return cutNumber(&h.Code, b)
	case "q":
		n := 0
		rest, ok = cutNumber(&n, b)
		h.Seq = uint64(n)
	case "d":
		var d []byte
		if d, rest, ok = cutString(b); ok {
			ok = h.Deadline.UnmarshalText(d) == nil
		}
	case "retry":
		rest, ok = bytes.CutPrefix(b, []byte("true"))
		h.Retry = ok
	}
	return rest, ok
}

// cutString cuts a plain string from the start of b.
func cutString(b []byte) (s, rest []byte, ok bool) {
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

// cutStringInto cuts a plain string into s. likely is the probable value.
func cutStringInto(s *string, b []byte, likely string) (rest []byte, ok bool) {
	w, rest, ok := cutString(b)
	if string(w) == likely { // the compiler makes this comparison without an allocation
		*s = likely
	} else {
		*s = string(w)
	}
	return rest, ok
}

// guessString returns the string of the list that b probably begins with, to
// save an allocation; "" = none.
func guessString(b []byte, list ...string) string {
	for _, w := range list {
		if w != "" && len(b) > len(w) && string(b[1:len(w)+1]) == w {
			return w
		}
	}
	return ""
}

// cutNumber cuts a positive number of at most 9 digits from the start of b.
func cutNumber(n *int, b []byte) (rest []byte, ok bool) {
	i := 0
	for *n = 0; i < len(b) && i < 10 && '0' <= b[i] && b[i] <= '9'; i++ {
		*n = *n*10 + int(b[i]-'0')
	}
	return b[i:], 0 < i && i < 10 && (b[0] != '0' || i == 1)
}

// parseJSON reads any JSON object.
func (h *WorkerHeader) parseJSON(b []byte) error {
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
		return strictjson.ExplainDecode(err)
	}
	*h = WorkerHeader{
		Method: said.M, Attempt: said.A, Deadline: said.D, Traceparent: said.T,
		Status: said.S, Code: said.C, Retry: said.Retry, Seq: said.Q,
		RetryAfter: clampSeconds(said.RetryAfter),
	}
	h.resolveKind(said.K)
	return nil
}

// clampSeconds converts a number of seconds that the other side sent. It limits
// the value, so that the conversion cannot overflow.
func clampSeconds(n float64) time.Duration {
	return time.Duration(min(max(n, 0), math.MaxInt32) * float64(time.Second))
}

// resolveKind sets the kind after all members were read. It always returns
// true.
func (h *WorkerHeader) resolveKind(kind string) bool {
	switch {
	case kind != "":
		h.Kind = KindUnknown
		for k, w := range kindNames {
			if w == kind {
				h.Kind = Kind(k)
			}
		}
	case h.Status != "":
		h.Kind = KindAnswer
	}
	return true
}
