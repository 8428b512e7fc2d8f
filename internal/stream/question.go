package stream

import (
	"encoding/json"
	"fmt"
)

// MostAsked is how many requests one client may have under way on a stream.
// Those beyond it are refused.
const MostAsked = 4096

// Verb is what a client of the initiator asks.
type Verb uint8

// The verbs. The first has no member k.
const (
	// Call submits a task, and its answer says how the task ended.
	Call Verb = iota
	// Submit submits a task, and its answer says that it is kept.
	Submit
	// Wait asks how a task ended, once it has.
	Wait
	// Stop cancels a task.
	Stop
	// Forget says that the answer to the call or wait with this identity is
	// not wanted any more. The task goes on, and nothing is answered.
	Forget
	// Unknown is a verb that this version does not know. It is refused.
	Unknown
)

// verbs are the values of the member k.
var verbs = [...]string{Call: "", Submit: "submit", Wait: "wait", Stop: "cancel", Forget: "forget", Unknown: "unknown"}

// Question is the header of a client's message to the initiator. The message's
// identity names the request, and unless Task does also the task; its data is
// the data of a task that is submitted.
type Question struct {
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
func (q *Question) Append(b []byte) []byte {
	b = append(b, '{')
	if q.Verb != Call {
		b = append(appendWord(b, `"k":`, verbs[q.Verb]), ',')
	}
	if q.Pool != "" {
		b = append(appendWord(b, `"p":`, q.Pool), ',')
	}
	if q.Method != "" {
		b = append(appendWord(b, `"m":`, q.Method), ',')
	}
	if q.Task != "" {
		b = append(appendWord(b, `"id":`, q.Task), ',')
	}
	if q.Progress {
		b = append(b, `"g":true,`...)
	}
	if len(q.Options) > 0 {
		b = append(append(append(b, `"o":`...), q.Options...), ',')
	}
	return closed(b)
}

// closed ends an object behind its last comma.
func closed(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// Parse reads a header, as Header.Parse does.
func (q *Question) Parse(b []byte) error {
	before := *q
	if q.fast(b, &before) {
		return nil
	}
	*q = Question{}
	if err := q.slow(b); err != nil {
		return fmt.Errorf("read the header of a request: %w", err)
	}
	return nil
}

// fast reads what has no options, and gives up on anything else.
func (q *Question) fast(b []byte, before *Question) bool {
	*q = Question{}
	verb := ""
	if !object(b, func(name, b []byte) (rest []byte, ok bool) {
		switch string(name) {
		case "p":
			return text(&q.Pool, b, before.Pool)
		case "m":
			return text(&q.Method, b, before.Method)
		case "id":
			return text(&q.Task, b, "")
		case "k":
			return text(&verb, b, known(b, verbs[:]...))
		}
		return nil, false
	}) {
		return false
	}
	q.settle(verb)
	return true
}

// slow reads any JSON object.
func (q *Question) slow(b []byte) error {
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
	*q = Question{Pool: said.P, Method: said.M, Task: said.ID, Progress: said.G, Options: said.O}
	q.settle(said.K)
	return nil
}

func (q *Question) settle(verb string) {
	for v, w := range verbs {
		if w == verb {
			q.Verb = Verb(v)
			return
		}
	}
	q.Verb = Unknown
}
