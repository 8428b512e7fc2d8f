package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"initiator/internal/contentcoding"
	"initiator/internal/webhook"
	"initiator/worker/call"
)

// The error codes in the answers of the direct listener. They are toto's,
// which uses codeServer for every error without a code of its own.
const (
	codeServer        = 1000
	codeNotAuthorized = 1004
)

// directCall is one call and the form of its answer.
type directCall struct {
	method     string
	parameters json.RawMessage
	codec      call.Codec
	coding     string // of the answer
	release    func() // says that the body is not in memory any more; may be called again
}

// readCall reads a call. The result always has a codec, with which the error
// can be written.
//
// The answer is compressed when the request has a Content-Encoding that the
// client also accepts. Toto's own compression sends no such header and expects
// a plain answer.
func (s *server) readCall(w http.ResponseWriter, r *http.Request) (directCall, *directFault) {
	request := directCall{codec: call.JSON, coding: contentcoding.None, release: func() {}}
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
	body, fault := s.readCallBody(w, r, &request, sent)
	if fault != nil {
		return request, fault
	}
	fault = request.decodeBody(body, sent, s.options.BodyLimit)
	return request, fault
}

// readCallBody reads the body of a call as it was sent, and reserves the memory that
// it takes to decode it.
func (s *server) readCallBody(w http.ResponseWriter, r *http.Request, request *directCall, coding string) ([]byte, *directFault) {
	release, code := s.reserveBody(w, r, remoteHost(r), s.options.BodyLimit)
	if !code.OK() {
		return nil, refuseBody(code)
	}
	request.release = sync.OnceFunc(release)
	body, code := webhook.ReadBody(w, r, s.options.BodyLimit)
	if !code.OK() {
		return nil, refuseBody(code)
	}
	if coding == contentcoding.None {
		return body, nil
	}
	// A few bytes may become as many as are allowed. The reservation for the bytes
	// that were sent is released first: two calls that wait for each other's would
	// wait for ever.
	request.release()
	ctx, cancel := context.WithTimeout(r.Context(), s.options.ReadTimeout)
	defer cancel()
	release, err := s.bodies.Reserve(ctx, remoteHost(r), s.options.BodyLimit)
	if err != nil {
		return nil, refuseBody(webhook.BodiesFull)
	}
	request.release = sync.OnceFunc(release)
	return body, nil
}

// refuseBody returns the answer to a call whose body is not read.
func refuseBody(code webhook.Code) *directFault {
	fault := refuseCall(code.Status, code.Message)
	if code == webhook.BodiesFull {
		fault.retryAfter = callAgainAfter
	}
	return fault
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

// decodeCall decodes method and parameters. It keeps the parameters of a JSON
// call as they are and converts the parameters of other codecs to JSON,
// because handlers take JSON.
func (c *directCall) decodeCall(body []byte) error {
	var in struct {
		Method     string          `json:"method"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if c.codec == call.JSON {
		err := webhook.DecodeBody(body, &in)
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

// writeResult writes a result as the body of the answer.
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

// encodeAs converts JSON to the same value in the codec's serialization.
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
	_, _ = w.Write(body) // fails only when the client has gone
}

// directFault is an error answer of the direct listener.
type directFault struct {
	status     int
	code       int
	value      json.RawMessage
	retryAfter time.Duration // the header Retry-After; 0 = none
}

// refuseCall returns the answer to a call that cannot be read.
func refuseCall(status int, why string) *directFault {
	return &directFault{status: status, code: codeServer, value: quoteJSON(why)}
}

// failureFault returns the answer for the result of a failed task. The result
// {"message": …} becomes its text. The result {"code": …, "value": …}, which
// is the data of a [TaskFail], becomes an error with this code and value, like
// toto's TotoException.
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

// faultValue returns the value of the error for the result of a failed task.
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
