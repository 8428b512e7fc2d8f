package webhook

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"testing"

	"initiator/proactor"
)

func TestCodeWriteIsExact(t *testing.T) {
	big := json.RawMessage(`{ "a" : [1,  2.50, "<é>"] }`)
	tests := []struct {
		name    string
		code    Code
		message string
		data    any
		status  int
		body    string
	}{
		{"success without data", Success, MessagePong, nil, 200, `{"success":true,"code":0,"message":"PONG!","data":null}`},
		{"its own message", SlaveBusy, "", nil, 400, `{"success":false,"code":601,"message":"No free slot.","data":null}`},
		{"raw data keeps every byte", Success, "m", big, 200, `{"success":true,"code":0,"message":"m","data":{ "a" : [1,  2.50, "<é>"] }}`},
		{"empty raw data is null", Success, "m", json.RawMessage(nil), 200, `{"success":true,"code":0,"message":"m","data":null}`},
		{"a value is marshalled", TaskRefused, "", map[string]int{"retry_after": 2}, 403, `{"success":false,"code":602,"message":"Task refused!","data":{"retry_after":2}}`},
		{"a message is quoted", Success, "a \"b\"\n", nil, 200, `{"success":true,"code":0,"message":"a \"b\"\n","data":null}`},
		{"HTTP 200 is not always success", BadTask, "", nil, 200, `{"success":false,"code":601,"message":"Task data invalid.","data":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			tt.code.WriteAnswer(w, tt.message, tt.data)
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Body, tt.status, tt.body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

func TestCodeWriteOfWhatCannotBeMarshalledIsAnErrorAnswer(t *testing.T) {
	w := httptest.NewRecorder()
	Success.WriteAnswer(w, "", math.NaN())
	var e proactor.Envelope
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	if w.Code != 500 || e.Success || !Internal.Matches(e) {
		t.Errorf("got %d %+v", w.Code, e)
	}
}
