package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"initiator/internal/contentcoding"
	"initiator/proactor"
	"initiator/worker/call"
)

// The codes of errors in the answers of the direct door. They are toto's, who
// answers with codeServer whatever has no code of its own.
const (
	codeServer        = 1000
	codeNotAuthorized = 1004
)

// directCall is one call, and how it is to be answered.
type directCall struct {
	method     string
	parameters json.RawMessage
	codec      call.Codec
	coding     string // of the answer
}

// readCall reads a call. Its codec is set in any case.
//
// The answer is compressed where the request was, with its Content-Encoding
// (toto's own compression sends none and expects a plain answer), and the
// client accepts it.
func (s *server) readCall(w http.ResponseWriter, r *http.Request) (directCall, *directFault) {
	request := directCall{codec: call.JSON, coding: contentcoding.None}
	codec := findCodec(r.Header.Get("Content-Type"), s.options.Codecs)
	if codec == nil {
		return request, refuseCall(http.StatusUnsupportedMediaType, fmt.Sprintf("the content type %q is not spoken here; send application/json", r.Header.Get("Content-Type")))
	}
	request.codec = codec
	sent, ok := contentcoding.Parse(r.Header.Get("Content-Encoding"))
	if !ok {
		return request, refuseCall(http.StatusUnsupportedMediaType, fmt.Sprintf("the content encoding %q is not known here; use gzip or zstd", r.Header.Get("Content-Encoding")))
	}
	if sent != contentcoding.None && contentcoding.Accepts(r.Header.Get("Accept-Encoding"), sent) {
		request.coding = sent
	}
	if sent == contentcoding.None {
		sent = s.compression
	}
	body, code := proactor.ReadBody(w, r, s.options.BodyLimit)
	if !code.OK() {
		return request, refuseCall(code.HTTP, code.Message)
	}
	return request, request.decodeBody(body, sent, s.options.BodyLimit)
}

func (c *directCall) decodeBody(body []byte, coding string, limit int64) *directFault {
	body, err := contentcoding.Decode(coding, body, limit)
	if errors.Is(err, contentcoding.ErrTooLarge) {
		return refuseCall(http.StatusRequestEntityTooLarge, err.Error())
	}
	if err == nil {
		err = c.decodeCall(body)
	}
	if err != nil {
		return refuseCall(http.StatusBadRequest, err.Error())
	}
	return nil
}

// decodeCall takes JSON's parameters as they are. Those of another codec become
// JSON, which is what handlers work with.
func (c *directCall) decodeCall(body []byte) error {
	var in struct {
		Method     string          `json:"method"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if c.codec == call.JSON {
		err := proactor.Decode(body, &in)
		c.method, c.parameters = in.Method, in.Parameters
		return err
	}
	var members map[string]any
	if err := c.codec.Unmarshal(body, &members); err != nil {
		return fmt.Errorf("the body is not %s: %w", c.codec.MIME(), err)
	}
	c.method, _ = members["method"].(string)
	parameters, err := json.Marshal(members["parameters"])
	if err != nil {
		return fmt.Errorf("the parameters cannot be given to a method: %w", err)
	}
	c.parameters = parameters
	return nil
}

// writeResult writes a result as the body.
func (c *directCall) writeResult(w http.ResponseWriter, result json.RawMessage) {
	if len(result) == 0 {
		result = json.RawMessage("null")
	}
	body, err := encodeAs(c.codec, result)
	if err == nil {
		body, err = contentcoding.Encode(c.coding, body)
	}
	if err != nil {
		(&directFault{status: http.StatusInternalServerError, code: codeServer, value: quoteJSON(err.Error())}).writeFault(w, call.JSON)
		return
	}
	if c.coding != contentcoding.None {
		w.Header().Set("Content-Encoding", c.coding)
	}
	writeBody(w, http.StatusOK, c.codec, body)
}

// encodeAs turns JSON into what a codec makes of the same value.
func encodeAs(codec call.Codec, raw json.RawMessage) ([]byte, error) {
	if codec == call.JSON {
		return raw, nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	return codec.Marshal(value)
}

func writeBody(w http.ResponseWriter, status int, codec call.Codec, body []byte) {
	h := w.Header()
	h.Set("Content-Type", codec.MIME())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone away is no fault of ours
}

// directFault is an answer of the direct door that is no result.
type directFault struct {
	status     int
	code       int
	value      json.RawMessage
	retryAfter time.Duration // Retry-After; 0 = none
}

// refuseCall is for calls that cannot be read.
func refuseCall(status int, why string) *directFault {
	return &directFault{status: status, code: codeServer, value: quoteJSON(why)}
}

// failureFault is the fault of a task that has ended so. {"message": …} is shown as
// its text, and {"code": …, "value": …}, as the data of a [TaskFail], as that
// error: it is what toto's TotoException carries.
func failureFault(result json.RawMessage) *directFault {
	f := &directFault{status: http.StatusInternalServerError, code: codeServer, value: faultValue(result)}
	var own struct {
		Code  *int
		Value json.RawMessage
	}
	if json.Unmarshal(result, &own) == nil && own.Code != nil && own.Value != nil {
		f.code, f.value = *own.Code, own.Value
	}
	return f
}

// faultValue is a failure's result as an error's value.
func faultValue(result json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) == nil && len(members) == 1 && members["message"] != nil {
		return members["message"]
	}
	return result
}

func quoteJSON(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string always marshals
	return raw
}

func (f *directFault) writeFault(w http.ResponseWriter, codec call.Codec) {
	raw := fmt.Appendf(nil, `{"error":{"code":%d,"value":%s}}`, f.code, f.value)
	body, err := encodeAs(codec, raw)
	if err != nil {
		codec, body = call.JSON, raw
	}
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="worker"`)
	}
	writeBody(w, f.status, codec, body)
}
