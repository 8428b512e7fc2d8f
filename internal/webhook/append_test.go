package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBodiesAreExact(t *testing.T) {
	raw := json.RawMessage(`{ "x" : 1.0 }`)
	deadline := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name string
		body any
		want string
	}{
		{"connect", ConnectBody{Master: Master{Address: "http://h:1"}, Data: raw}, `{"master":{"address":"http://h:1"},"data":{ "x" : 1.0 }}`},
		{"connect without data", ConnectBody{Master: Master{Address: "http://h:1"}}, `{"master":{"address":"http://h:1"},"data":{}}`},
		{"disconnect", DisconnectBody{}, `{"data":{}}`},
		{"task", TaskBody{Task: TaskRef{ID: "i"}, Data: raw}, `{"task":{"id":"i"},"data":{ "x" : 1.0 }}`},
		{"task without data", TaskBody{Task: TaskRef{ID: "i"}}, `{"task":{"id":"i"},"data":null}`},
		{
			"task with all",
			TaskBody{Task: TaskRef{ID: "i", Method: "m", Attempt: 2, Deadline: deadline, Traceparent: "00-ab", InlineMS: 1000}, Data: raw},
			`{"task":{"id":"i","method":"m","attempt":2,"deadline":"2026-01-02T03:04:05Z","traceparent":"00-ab","inline_ms":1000},"data":{ "x" : 1.0 }}`,
		},
		{"result", ResultBody{Task: TaskRef{ID: "i", Attempt: 1}, Result: raw}, `{"task":{"id":"i","attempt":1},"result":{ "x" : 1.0 }}`},
		{"result to retry", ResultBody{Task: TaskRef{ID: "i"}, Retry: true}, `{"task":{"id":"i"},"result":null,"retry":true}`},
		{"inline answer", TaskAnswer{Status: StatusCompleted, Result: raw}, `{"status":"completed","result":{ "x" : 1.0 }}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(marshal(tt.body)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestADeadlineThatCannotBeWrittenIsLeftOut(t *testing.T) {
	body := TaskBody{Task: TaskRef{ID: "i", Deadline: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}
	if got := string(marshal(body)); got != `{"task":{"id":"i"},"data":null}` {
		t.Error(got)
	}
}

// TestTaskBodySurvivesTheWay: whatever id, method and payload, the other end
// reads what was written, and the payload byte for byte.
func TestTaskBodySurvivesTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload, _ := json.MarshalIndent(rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "data"), " ", "\t")
		in := TaskBody{Task: TaskRef{
			ID: rapid.String().Draw(t, "id"), Method: rapid.String().Draw(t, "method"),
			Attempt: rapid.Int().Draw(t, "attempt"), InlineMS: rapid.IntRange(0, 5000).Draw(t, "inline"),
		}, Data: payload}
		var out TaskBody
		if err := DecodeBody(marshal(in), &out); err != nil {
			t.Fatal(err)
		}
		if out.Task != in.Task || string(out.Data) != string(in.Data) {
			t.Fatalf("in %+v\nout %+v", in, out)
		}
	})
}

// marshal returns the JSON of a body that always marshals.
func marshal(body any) []byte {
	data, err := marshalJSON(body)
	if err != nil {
		panic(err)
	}
	return data
}
