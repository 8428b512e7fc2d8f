package stream

import (
	"encoding/json"
	"fmt"

	"initiator/internal/bounds"
	"initiator/internal/strictjson"
)

// MaxOpenRequests is the number of requests that one client may have open on a
// stream. The initiator refuses further requests.
const MaxOpenRequests = bounds.StreamRequests

// Verb is what a client asks of the initiator.
type Verb uint8

// The verbs. VerbCall has no member k.
const (
	// VerbCall submits a task. The reply is sent when the task has ended.
	VerbCall Verb = iota
	// VerbSubmit submits a task. The reply is sent when the task is stored.
	VerbSubmit
	// VerbWait asks for the end of a task. The reply is sent when the task has
	// ended.
	VerbWait
	// VerbCancel cancels a task.
	VerbCancel
	// VerbForget says that the client no longer wants the reply to the call or
	// wait with this identity. The task goes on. VerbForget has no reply.
	VerbForget
	// VerbUnknown is a verb that this version does not know. It is refused.
	VerbUnknown
)

// verbNames holds the values of the member k.
var verbNames = [...]string{VerbCall: "", VerbSubmit: "submit", VerbWait: "wait", VerbCancel: "cancel", VerbForget: "forget", VerbUnknown: "unknown"}

// RequestHeader is the header of a client's message to the initiator. The
// message's identity names the request and, unless Task is set, also the task.
// The message's data is the data of a submitted task.
type RequestHeader struct {
	Verb Verb // k
	// Pool and Method are for a submitted task: p, m.
	Pool, Method string
	// Task is the id of the task, if it differs from the identity of the
	// message: id. The option "key" also gives the task another id.
	Task string
	// Progress asks for progress replies: g.
	Progress bool
	// Options holds the other members that POST /tasks takes, as a JSON object,
	// or nothing: o.
	Options json.RawMessage
	// Fault is about a member that Parse does not know, or that is given twice;
	// nil = there is none. The request is refused.
	Fault error
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

// closeObject removes a trailing comma and closes the object.
func closeObject(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// Parse reads a header, as WorkerHeader.Parse does.
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

// parseFast reads a header without options and without a member that is given
// twice. It returns false for anything else.
func (q *RequestHeader) parseFast(b []byte, before *RequestHeader) bool {
	*q = RequestHeader{}
	verb := ""
	if !parseObject(b, func(name, b []byte) (rest []byte, ok bool) {
		into, likely := &verb, ""
		switch string(name) {
		case "p":
			into, likely = &q.Pool, before.Pool
		case "m":
			into, likely = &q.Method, before.Method
		case "id":
			into = &q.Task
		case "k":
			likely = guessString(b, verbNames[:]...)
		default:
			return nil, false
		}
		if *into != "" {
			return nil, false
		}
		return cutStringInto(into, b, likely)
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
		return strictjson.ExplainDecode(err)
	}
	*q = RequestHeader{
		Pool: said.P, Method: said.M, Task: said.ID, Progress: said.G, Options: said.O,
		Fault: strictjson.CheckMembers(b, &said),
	}
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
