package initiator_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"initiator/initiator/task"
)

// asked and answered are one request of a client about the task of one key, and its
// answer.
type asked struct {
	verb string // submit, get, wait, cancel, retry
	key  string
}

type answered struct {
	lost    bool // there was no answer: it may have happened, or may still
	refused bool // not possible in this state
	missing bool // no such task
	known   bool // of a submit: the task was there already
	record
}

// record is the part of a task that has to be consistent for a client. The zero value
// stands for a task that does not exist.
type record struct {
	id    uuid.UUID
	state task.State
	tries int
	past  string // every attempt, oldest first
	// wrong says that an attempt was charged that costs nothing, or the other way.
	wrong   string
	attempt int    // with the next two, of a terminal record only:
	result  string // their changes before do not matter
	reason  string
}

func recordOf(t task.Task) record {
	r := record{id: t.ID, state: t.State, tries: t.Tries()}
	r.wrong = wrongCharge(t)
	if r.tries <= len(t.History) { // otherwise the oldest attempts are forgotten
		r.past = pastOf(t.History)
	}
	if t.State.Terminal() {
		r.attempt, r.result, r.reason = t.Attempt, string(t.Result), t.Reason
	}
	return r
}

// uncharged lists the outcomes that cost no attempt.
var uncharged = []task.Outcome{task.OutcomeReleased, task.OutcomeRefused, task.OutcomeInterrupted, task.OutcomeSuspected}

// wrongCharge describes the first fault in the numbers of a task's attempts; "" =
// none. An attempt that cost nothing gives its number to the next attempt. A retry
// by a client begins again with 1.
func wrongCharge(t task.Task) string {
	for i, a := range t.History {
		want := 1
		if i > 0 {
			before := t.History[i-1]
			if want = before.N + 1; slices.Contains(uncharged, before.Outcome) {
				want = before.N
			}
		}
		if i > 0 && a.N != want && a.N != 1 {
			return fmt.Sprintf("attempt %d has number %d, want %d", i+1, a.N, want)
		}
		if a.N > t.Policy.Attempts {
			return fmt.Sprintf("attempt %d has number %d of %d", i+1, a.N, t.Policy.Attempts)
		}
	}
	return ""
}

// pastOf encodes attempts so that the text only grows at its end.
func pastOf(list []task.Attempt) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "|%d %d %s %d %d", a.N, a.Try, a.Worker, a.Incarnation, a.Start.UnixNano())
		if a.Outcome != "" {
			fmt.Fprintf(&b, " %s %d %s;", a.Outcome, a.End.UnixNano(), a.Error)
		}
	}
	return b.String()
}

// modelState is the state of the sequential model: the last known record of one task.
// Changes without a request happen between two steps: a queued task begins, a running
// task is queued again or ends.
type modelState struct {
	record
	asked bool // to be cancelled, while it lives
	over  bool // it has ended since, in a way that is unknown
}

// follows reports whether a task in state s can come to be r without a request.
func (s modelState) follows(r record) bool {
	switch {
	case r.wrong != "":
		return false
	case s.state == "" || r.state == "":
		return s.record == r
	case s.state.Terminal():
		return s.record == r
	case s.id != uuid.Nil && s.id != r.id || r.tries < s.tries || !continues(s.record, r):
		return false
	case s.over && !r.state.Terminal():
		return false
	case r.state == task.Cancelled:
		return s.asked
	case s.state == task.Queued && r.state != task.Queued:
		return r.tries > s.tries
	}
	return true
}

// continues reports whether no attempt was changed or forgotten.
func continues(was, is record) bool {
	return is.past == "" && is.tries > 0 || strings.HasPrefix(is.past, was.past)
}

// becomes returns the state after r was read.
func (s modelState) becomes(r record) []any {
	if !s.follows(r) {
		return nil
	}
	return []any{modelState{record: r, asked: s.asked && !r.state.Terminal()}}
}

// history is the model of one task, for any number of clients.
var history = (&porcupine.NondeterministicModel{
	Partition: byKey,
	Init:      func() []any { return []any{modelState{}} },
	Step:      func(s, in, out any) []any { return s.(modelState).step(in.(asked), out.(answered)) },
	DescribeOperation: func(in, out any) string {
		return fmt.Sprintf("%+v → %+v", in, out)
	},
}).ToModel()

func byKey(list []porcupine.Operation) [][]porcupine.Operation {
	at := map[string]int{}
	var parts [][]porcupine.Operation
	for _, op := range list {
		key := op.Input.(asked).key
		n, ok := at[key]
		if !ok {
			n = len(parts)
			at[key], parts = n, append(parts, nil)
		}
		parts[n] = append(parts[n], op)
	}
	return parts
}

func (s modelState) step(in asked, out answered) []any {
	if out.missing {
		if s.state == "" {
			return []any{s}
		}
		return nil
	}
	switch in.verb {
	case "submit":
		return s.submit(out)
	case "cancel":
		return s.cancel(out)
	case "retry":
		return s.retry(out)
	case "wait":
		if !out.state.Terminal() {
			return nil
		}
	}
	return s.becomes(out.record)
}

// submit: the first submit of a key makes the task, every other finds it. A client
// that outlives an outage repeats its request, and so may find a task that its own
// first request made.
func (s modelState) submit(out answered) []any {
	switch {
	case out.lost && s.state == "":
		return []any{s, modelState{record: record{state: task.Queued}}}
	case out.lost:
		return []any{s}
	case out.known && s.state == "":
		return modelState{record: record{state: task.Queued}}.becomes(out.record)
	case !out.known && s.state != "":
		return nil
	case out.known:
		return s.becomes(out.record)
	case out.state != task.Queued || out.tries != 0:
		return nil
	}
	return []any{modelState{record: out.record}}
}

// cancel ends a queued task, and asks a running one to end.
func (s modelState) cancel(out answered) []any {
	willing := s
	willing.asked = true
	switch {
	case out.lost && (s.state == "" || s.state.Terminal() || s.over):
		return []any{s}
	case out.lost:
		return []any{s, willing}
	case s.state == "":
		return nil
	case out.refused && s.state.Terminal():
		return []any{s}
	case out.refused:
		s.over = true
		return []any{s}
	case s.state.Terminal() || s.over:
		return nil
	}
	return willing.becomes(out.record)
}

// retry revives what has ended badly.
func (s modelState) retry(out answered) []any {
	revived := s
	revived.state, revived.attempt, revived.result, revived.reason = task.Queued, 0, "", ""
	revived.asked, revived.over = false, false
	bad := s.state.Terminal() && s.state != task.Completed
	switch {
	case out.lost && (bad || s.over):
		return []any{s, revived}
	case out.lost:
		return []any{s}
	case s.state == "":
		return nil
	case out.refused && bad:
		return nil
	case out.refused:
		return []any{s}
	case s.state == task.Completed || out.state != task.Queued || out.tries < s.tries || !continues(s.record, out.record):
		return nil
	case bad && out.record != revived.record:
		return nil
	}
	return []any{modelState{record: out.record}}
}
