package webhook

import (
	"net/http"
	"strconv"
)

// WriteAnswer answers a request with c. An empty message stands for the code's
// own. Data may be any JSON value: nil becomes null, a json.RawMessage is
// written as it is and must be valid JSON, every other value is marshalled. Data
// that cannot be marshalled turns the answer into [Internal].
func (c Code) WriteAnswer(w http.ResponseWriter, message string, data any) {
	if message == "" {
		message = c.Message
	}
	raw, err := marshalJSON(data)
	if err != nil {
		c, message, raw = Internal, "marshal the answer's data: "+err.Error(), nil
	}
	body := appendEnvelope(nil, c, message, raw)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(c.Status)
	_, _ = w.Write(body) // a client that has closed the connection is no fault of the server
}
