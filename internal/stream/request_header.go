package stream

import (
	"encoding/json"
	"fmt"
)

// MaxOpenRequests is how many requests one client may have under way on a stream.
// Those beyond it are refused.
const MaxOpenRequests = 4096

// Verb is what a client of the initiator asks.
type Verb uint8

// The verbs. The first has no member k.
const (
	// VerbCall submits a task, and its answer says how the task ended.
	VerbCall Verb = iota
	// VerbSubmit submits a task, and its answer says that it is kept.
	VerbSubmit
	// VerbWait asks how a task ended, once it has.
	VerbWait
	// VerbCancel cancels a task.
	VerbCancel
	// VerbForget says that the answer to the call or wait with this identity is
	// not wanted any more. The task goes on, and nothing is answered.
	VerbForget
	// VerbUnknown is a verb that this version does not know. It is refused.
	VerbUnknown
)

// verbNames are the values of the member k.
var verbNames = [...]string{VerbCall: "", VerbSubmit: "submit", VerbWait: "wait", VerbCancel: "cancel", VerbForget: "forget", VerbUnknown: "unknown"}

// RequestHeader is the header of a client's message to the initiator. The message's
// identity names the request, and unless Task does also the task; its data is
// the data of a task that is submitted.
type RequestHeader struct {
	Verb Verb // k
	// Pool and Method of a task that is submitted: p, m.
	Pool, Method string
	// Task is the id of the task, where that is not the identity of the
	// message: id. An option "key" makes another one, too.
	Task string
	// Progress of the task is wanted too: g.
	Progress bool
	// Options are the other members that POST /tasks takes, as a JSON object,
	// or nothing: o.
	Options json.RawMessage
}

// Append appends the header to b.
func (q *RequestHeader) Append(b []byte) []byte {
	b = append(b, '{')
	if q.Verb != VerbCall {
		b = append(appendString(b, `"k":`, verbNames[q.Verb]), ',')
	}
	if q.Pool != "" {
		b = append(appendString(b, `"p":`, q.Pool), ',')
	}
	if q.Method != "" {
		b = append(appendString(b, `"m":`, q.Method), ',')
	}
	if q.Task != "" {
		b = append(appendString(b, `"id":`, q.Task), ',')
	}
	if q.Progress {
		b = append(b, `"g":true,`...)
	}
	if len(q.Options) > 0 {
		b = append(append(append(b, `"o":`...), q.Options...), ',')
	}
	return closeObject(b)
}

// closeObject ends an object behind its last comma.
func closeObject(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// Parse reads a header, as Header.Parse does.
func (q *RequestHeader) Parse(b []byte) error {
	before := *q
	if q.parseFast(b, &before) {
		return nil
	}
	*q = RequestHeader{}
	if err := q.parseJSON(b); err != nil {
		return fmt.Errorf("read the header of a request: %w", err)
	}
	return nil
}

// parseFast reads what has no options, and gives up on anything else.
func (q *RequestHeader) parseFast(b []byte, before *RequestHeader) bool {
	*q = RequestHeader{}
	verb := ""
	if !parseObject(b, func(name, b []byte) (rest []byte, ok bool) {
		switch string(name) {
		case "p":
			return cutStringInto(&q.Pool, b, before.Pool)
		case "m":
			return cutStringInto(&q.Method, b, before.Method)
		case "id":
			return cutStringInto(&q.Task, b, "")
		case "k":
			return cutStringInto(&verb, b, guessString(b, verbNames[:]...))
		}
		return nil, false
	}) {
		return false
	}
	q.resolveVerb(verb)
	return true
}

// parseJSON reads any JSON object.
func (q *RequestHeader) parseJSON(b []byte) error {
	var said struct {
		K  string          `json:"k"`
		P  string          `json:"p"`
		M  string          `json:"m"`
		ID string          `json:"id"`
		G  bool            `json:"g"`
		O  json.RawMessage `json:"o"`
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return err
	}
	*q = RequestHeader{Pool: said.P, Method: said.M, Task: said.ID, Progress: said.G, Options: said.O}
	q.resolveVerb(said.K)
	return nil
}

func (q *RequestHeader) resolveVerb(verb string) {
	for v, w := range verbNames {
		if w == verb {
			q.Verb = Verb(v)
			return
		}
	}
	q.Verb = VerbUnknown
}
