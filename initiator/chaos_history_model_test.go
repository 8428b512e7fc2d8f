package initiator_test

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"initiator/initiator/task"
)

// told is a list of operations, each answered before the next begins.
type told []porcupine.Operation

func (l told) add(verb string, a answered) told {
	at := int64(10 * len(l))
	end := at + 5
	if a.lost {
		end = math.MaxInt64
	}
	return append(l, porcupine.Operation{Input: asked{verb, "k"}, Output: a, Call: at, Return: end})
}

// long makes the last operation last until the operation with a number.
func (l told) long(until int) told {
	l[len(l)-1].Return = int64(10*until + 5)
	return l
}

func closing(s task.State, result string) answered {
	return answered{record: record{id: theTask, state: s, tries: 2, past: "|1 1 w 1 lost;|2 2 w 2 ended;", attempt: 2, result: result}}
}

func (a answered) with(f func(*record)) answered {
	f(&a.record)
	return a
}

var theTask = uuid.MustParse("00000000-0000-0000-0000-000000000001")

// The model accepts possible histories, and no others.
func TestHistories(t *testing.T) {
	t.Parallel()
	queued := answered{record: record{id: theTask, state: task.Queued}}
	known := answered{record: queued.record, known: true}
	runs := answered{record: record{id: theTask, state: task.Running, tries: 1, past: "|1 1 w 1"}}
	back := answered{record: record{id: theTask, state: task.Queued, tries: 1, past: "|1 1 w 1 lost;"}}
	again := answered{record: record{id: theTask, state: task.Running, tries: 2, past: "|1 1 w 1 lost;|2 2 w 2"}}
	done := closing(task.Completed, "1")
	off := closing(task.Cancelled, "")
	dead := closing(task.Dead, "")
	refused := answered{refused: true}
	lost := answered{lost: true}
	missing := answered{missing: true}
	revived := dead.with(func(r *record) { r.state, r.attempt = task.Queued, 0 })
	early := off.with(func(r *record) { r.tries, r.past = 0, "" })
	for name, x := range map[string]struct {
		list told
		good bool
	}{
		"a life":                        {told{}.add("submit", queued).add("get", runs).add("get", back).add("wait", done).add("get", done), true},
		"a key twice":                   {told{}.add("submit", queued).add("submit", known).add("submit", done.knownAs()), true},
		"a submit whose answer is lost": {told{}.add("submit", lost).add("submit", known).add("wait", done), true},
		"one that never arrived":        {told{}.add("submit", lost).add("submit", queued).add("get", queued), true},
		"cancelled in the queue":        {told{}.add("submit", queued).add("cancel", early).add("cancel", refused).add("get", early), true},
		"cancelled while it runs":       {told{}.add("submit", queued).add("cancel", runs).add("get", again).add("wait", off), true},
		"a cancel whose answer is lost": {told{}.add("submit", queued).add("cancel", lost).add("wait", off), true},
		"a cancel that comes too late":  {told{}.add("submit", queued).add("cancel", runs).add("wait", done), true},
		"revived":                       {told{}.add("submit", queued).add("wait", dead).add("retry", revived).add("retry", refused), true},
		"a retry whose answer is lost":  {told{}.add("submit", queued).add("wait", dead).add("retry", lost).add("get", revived), true},
		"at the same time":              {told{}.add("submit", queued).add("get", done).long(2).add("get", queued), true},

		"two tasks of a key":              {told{}.add("submit", queued).add("submit", queued), false},
		"an acknowledged submit is lost":  {told{}.add("submit", queued).add("get", missing), false},
		"found when it was repeated":      {told{}.add("submit", known), true},
		"another task under the key":      {told{}.add("submit", queued).add("get", runs.with(func(r *record) { r.id[0]++ })), false},
		"back in time":                    {told{}.add("submit", queued).add("get", done).add("get", queued), false},
		"an attempt is forgotten":         {told{}.add("submit", queued).add("get", again).add("get", runs), false},
		"an attempt was another":          {told{}.add("submit", queued).add("get", runs).add("get", again.with(func(r *record) { r.past = "|1 1 v 9 lost;|2 2 w 2" })), false},
		"two terminal records":            {told{}.add("submit", queued).add("wait", done).add("wait", dead), false},
		"another result":                  {told{}.add("submit", queued).add("wait", done).add("get", done.with(func(r *record) { r.result = "2" })), false},
		"completed without an attempt":    {told{}.add("submit", queued).add("wait", done.with(func(r *record) { r.tries, r.past = 0, "" })), false},
		"cancelled by nobody":             {told{}.add("submit", queued).add("wait", off), false},
		"alive after a refused cancel":    {told{}.add("submit", queued).add("cancel", refused).add("get", again), false},
		"a wait that did not wait":        {told{}.add("submit", queued).add("wait", runs), false},
		"a retry of what is completed":    {told{}.add("submit", queued).add("wait", done).add("retry", done.with(func(r *record) { r.state = task.Queued })), false},
		"a refused retry of what is dead": {told{}.add("submit", queued).add("wait", dead).add("retry", refused), false},
		"revived by nobody":               {told{}.add("submit", queued).add("wait", dead).add("get", revived), false},
		"a cancel of what is over":        {told{}.add("submit", queued).add("wait", done).add("cancel", done), false},
	} {
		if got := porcupine.CheckOperations(history, x.list); got != x.good {
			t.Errorf("%s: linearizable is %v", name, got)
		}
	}
}

func (a answered) knownAs() answered {
	a.known = true
	return a
}

// A suspected or interrupted attempt costs nothing: the next attempt has its number.
func TestHistoryKnowsUnchargedAttempts(t *testing.T) {
	past := func(numbers ...int) task.Task {
		ends := []task.Outcome{task.OutcomeSuspected, task.OutcomeInterrupted, task.OutcomeLost, ""}
		one := task.Task{State: task.Running, Policy: task.Policy{Attempts: 3}}
		for i, n := range numbers {
			one.History = append(one.History, task.Attempt{N: n, Try: i + 1, Worker: "w", Outcome: ends[i]})
		}
		return one
	}
	for name, x := range map[string]struct {
		read task.Task
		good bool
	}{
		"suspected, interrupted, lost, running": {past(1, 1, 1, 2), true},
		"retried by a client in between":        {past(2, 2, 2, 1), true},
		"the suspicion was charged":             {past(1, 2, 2, 3), false},
		"the interruption was charged":          {past(1, 1, 2, 3), false},
		"the lost worker was not charged":       {past(2, 2, 2, 2), false},
		"more attempts than the policy allows":  {past(3, 3, 3, 4), false},
	} {
		list := told{}.add("submit", answered{record: record{state: task.Queued}}).add("get", answered{record: recordOf(x.read)})
		if got := porcupine.CheckOperations(history, list); got != x.good {
			t.Errorf("%s: linearizable is %v", name, got)
		}
	}
}
