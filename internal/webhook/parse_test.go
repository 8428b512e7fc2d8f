package webhook

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

var quickBodies = []any{
	TaskBody{Task: TaskRef{ID: "1"}},
	TaskBody{Task: TaskRef{ID: "1", Method: "a.b", Attempt: 3, Deadline: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Traceparent: "00-ab", InlineMS: 1000}, Data: json.RawMessage(`{"a":[1,"}"]}`)},
	TaskBody{Task: TaskRef{ID: "<&>", Method: "grüß"}, Data: json.RawMessage(`1`)},
	TaskBody{Task: TaskRef{ID: "1", Deadline: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	ResultBody{Task: TaskRef{ID: "1", Attempt: 1}, Result: json.RawMessage(`"x"`)},
	ResultBody{Task: TaskRef{ID: "1", Attempt: 1}, Result: json.RawMessage(`"x"`), Retry: true},
}

// TestBodiesAreWrittenAsEncodingJSONWould, and read by hand where they can be.
func TestBodiesAreWrittenAsEncodingJSONWould(t *testing.T) {
	for _, body := range quickBodies {
		got := marshal(body)
		if want, err := json.Marshal(body); err == nil && string(got) != string(want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if _, ok := jsonScan(marshal(quickBodies[1])).readTaskBody(); !ok {
		t.Error("our own task is left to encoding/json")
	}
	if _, ok := jsonScan(marshal(quickBodies[4])).readResultBody(); !ok {
		t.Error("our own result is left to encoding/json")
	}
	if _, ok := jsonScan(AppendTaskAnswer(nil, TaskAnswer{Status: StatusCompleted, Result: json.RawMessage(`1`)})).readTaskAnswer(); !ok {
		t.Error("our own answer is left to encoding/json")
	}
	if _, ok := jsonScan(appendEnvelope(nil, Success, MessageTask, nil)).readEnvelope(); !ok {
		t.Error("our own envelope is left to encoding/json")
	}
}

// FuzzQuick: whatever is read by hand is what encoding/json would have read.
func FuzzQuick(f *testing.F) {
	for _, body := range quickBodies {
		f.Add(marshal(body))
	}
	f.Add(appendEnvelope(nil, SlaveBusy, "", []byte(`{"a":1}`)))
	f.Add(AppendTaskAnswer(nil, TaskAnswer{Status: StatusFailed, Retry: true}))
	f.Add([]byte(`{"status":"completed","result":1,"retry":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		task, ok := jsonScan(data).readTaskBody()
		agrees(t, data, task, ok)
		result, ok := jsonScan(data).readResultBody()
		agrees(t, data, result, ok)
		answer, ok := jsonScan(data).readTaskAnswer()
		agrees(t, data, answer, ok)
		envelope, ok := jsonScan(data).readEnvelope()
		agrees(t, data, envelope, ok)
	})
}

func agrees[T any](t *testing.T, data []byte, byHand T, ok bool) {
	t.Helper()
	var byBook T
	err := json.Unmarshal(data, &byBook)
	if ok && (err != nil || !reflect.DeepEqual(byHand, byBook)) {
		t.Errorf("%q: by hand %+v, by encoding/json %+v %v", data, byHand, byBook, err)
	}
}
