package queue

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"initiator/initiator/task"
)

// drawTask draws a task with random fields.
func drawTask(t *rapid.T) task.Task {
	text := rapid.StringN(0, 20, 60)
	moments := rapid.Custom(func(t *rapid.T) time.Time { return timeOf(rapid.Int64().Draw(t, "nano")) })
	seconds := rapid.Custom(func(t *rapid.T) task.Seconds { return task.Seconds(rapid.Int64().Draw(t, "seconds")) })
	raw := rapid.Custom(func(t *rapid.T) json.RawMessage { return rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "json") })
	attempts := rapid.Custom(func(t *rapid.T) task.Attempt {
		return task.Attempt{
			N: rapid.Int().Draw(t, "n"), Try: rapid.Int().Draw(t, "try"), Worker: text.Draw(t, "worker"), Incarnation: rapid.Int().Draw(t, "incarnation"),
			Start: moments.Draw(t, "start"), End: moments.Draw(t, "end"), Outcome: task.Outcome(text.Draw(t, "outcome")), Error: text.Draw(t, "error"),
		}
	})
	return task.Task{
		Unique: text.Draw(t, "unique"), Callback: "http://h/" + text.Draw(t, "callback"), Parent: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "parent")),
		CallbackState: rapid.SampledFrom([]string{"", task.CallbackPending, task.CallbackDelivered}).Draw(t, "called"),
		ID:            uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Key: text.Draw(t, "key"), Pool: text.Draw(t, "pool"), Method: text.Draw(t, "method"),
		Data: raw.Draw(t, "data"), Priority: rapid.IntRange(0, 9).Draw(t, "priority"), State: rapid.SampledFrom(states[:]).Draw(t, "state"), Reason: text.Draw(t, "reason"),
		Attempt: rapid.Int().Draw(t, "attempt"), Submitted: moments.Draw(t, "submitted"), NotBefore: moments.Draw(t, "not before"), Deadline: moments.Draw(t, "deadline"),
		Started: moments.Draw(t, "started"), Ended: moments.Draw(t, "ended"), Result: raw.Draw(t, "result"), History: rapid.SliceOfN(attempts, 1, 4).Draw(t, "history"),
		Policy: task.Policy{
			ProgressTimeout: seconds.Draw(t, "progress"),
			Timeout:         seconds.Draw(t, "timeout"), Attempts: rapid.Int().Draw(t, "attempts"), RetryDelay: seconds.Draw(t, "delay"),
			RetryDelayMax: seconds.Draw(t, "max"), RetryJitter: rapid.Float64Range(0, 1).Draw(t, "jitter"),
		},
	}
}

// TestRecordRoundTrip reads whole records, and heads on top of whole records.
func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, is := drawTask(t), drawTask(t)
		is.ID, is.Pool, is.Priority, is.Submitted, is.Deadline = was.ID, was.Pool, was.Priority, was.Submitted, was.Deadline
		is.Method, is.Key, is.Data, is.Policy = was.Method, was.Key, was.Data, was.Policy
		is.Unique, is.Parent, is.Callback = was.Unique, was.Parent, was.Callback
		var got task.Task
		if err := readRecord(appendWhole(nil, &was, 7), &got); err != nil || !reflect.DeepEqual(got, was) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, was)
		}
		head := appendHead(nil, &is, -7)
		if err := readRecord(head, &got); err != nil || !reflect.DeepEqual(got, is) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, is)
		}
		o, err := readOutline(head)
		if err != nil || o.seq != -7 || o.id != is.ID || o.state.state() != is.State || o.whole {
			t.Fatalf("outline %+v, %v", o, err)
		}
	})
}

// FuzzRecord reads any bytes as a record. A record that is read and written again
// must give the same task.
func FuzzRecord(f *testing.F) {
	t := task.Task{ID: uuid.New(), Pool: "p", Data: []byte("1"), State: task.Queued, History: []task.Attempt{{N: 1, Worker: "w"}}}
	f.Add(appendWhole(nil, &t, 1))
	f.Add(appendHead(nil, &t, 1))
	t.Unique, t.CallbackState = "u", task.CallbackPending
	f.Add(appendWhole(nil, &t, 1))
	f.Add([]byte{})
	f.Add([]byte{kindWhole})
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, again task.Task
		o, shallow := readOutline(b)
		if err := readRecord(b, &got); err != nil {
			return
		}
		if shallow != nil || o.state.state() != got.State {
			t.Fatalf("a good record has a bad outline: %v, %+v", shallow, o)
		}
		w := appendHead(nil, &got, o.seq)
		if o.whole {
			w = appendWhole(nil, &got, o.seq)
		}
		if err := readRecord(w, &again); err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%v\ngot  %+v\nthen %+v", err, got, again)
		}
	})
}
