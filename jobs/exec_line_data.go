package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"

	"initiator/internal/strictjson"
	"initiator/worker"
)

// lineOf returns the data as one line of JSON.
func lineOf(data json.RawMessage) []byte {
	var b bytes.Buffer
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	if !bytes.ContainsAny(data, "\r\n") || json.Compact(&b, data) != nil {
		b.Reset()
		b.Write(data)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// lineWithID returns the line {"id": ID, "data": DATA}.
func lineWithID(id string, data json.RawMessage) []byte {
	return fmt.Appendf(nil, `{"id":%s,"data":%s}`+"\n", quoteText(id), bytes.TrimSuffix(lineOf(data), []byte("\n")))
}

// lineID returns the member id of a line; "" = the line is not an object, or
// has no such text.
func lineID(line []byte) string {
	var said struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(line, &said) != nil {
		return ""
	}
	return said.ID
}

// resultWithID returns the result in the answer {"id": ID, "result": RESULT}.
// Another member is a failure: a program that reports an error in a member of
// its own must not seem to have succeeded.
func resultWithID(line []byte) (json.RawMessage, error) {
	var answer struct {
		ID     string          `json:"id"`
		Result json.RawMessage `json:"result"`
	}
	strict := json.NewDecoder(bytes.NewReader(line))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&answer); err != nil {
		return nil, worker.TaskFail{Data: map[string]any{"message": fmt.Sprintf(`its answer is not {"id": …, "result": …}: %v`, strictjson.ExplainDecode(err))}}
	}
	return answer.Result, nil
}
