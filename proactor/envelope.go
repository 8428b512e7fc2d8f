package proactor

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// The headers of a webhook. Their names and meaning are those of
// ding.interaction, except Nonce, which is ours.
const (
	// HeaderChannel holds a decimal integer that both ends must agree on.
	HeaderChannel = "Channel"
	// HeaderToken holds the session token, or the server's own token.
	HeaderToken = "Token"
	// HeaderNonce asks /ping for a [Proof] instead of showing a token.
	HeaderNonce = "Nonce"
)

// Protocol is the version of the webhooks that this package speaks.
const Protocol = 1

// Envelope is the body of every webhook's answer.
type Envelope struct {
	Success bool   `json:"success"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	// Data is an object, undecoded, or nil, which is written as null.
	Data json.RawMessage `json:"data"`
}

// Is reports whether the envelope carries the number of c. Numbers above 500
// mean different things on the two ends: compare only with codes of the end
// that answered.
func (e Envelope) Is(c Code) bool { return e.Code == c.Code }

// Write answers a request with c. An empty message stands for the code's own.
// Data may be any JSON value: nil becomes null, a [json.RawMessage] passes as
// it is, so it must be valid JSON already, and the rest is marshalled.
func (c Code) Write(w http.ResponseWriter, message string, data any) {
	if message == "" {
		message = c.Message
	}
	raw, err := rawJSON(data)
	if err != nil {
		c, message, raw = Internal, "marshal the answer's data: "+err.Error(), nil
	}
	body := appendEnvelope(nil, c, message, raw)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(c.HTTP)
	_, _ = w.Write(body) // a client that has gone away is no fault of ours
}

// appendEnvelope writes around the raw data: json.Marshal would scan and
// compact a payload that may be megabytes long.
func appendEnvelope(b []byte, c Code, message string, raw []byte) []byte {
	if b == nil {
		b = make([]byte, 0, len(raw)+len(message)+64)
	}
	b = append(b, `{"success":`...)
	b = strconv.AppendBool(b, c.OK())
	b = append(b, `,"code":`...)
	b = strconv.AppendInt(b, int64(c.Code), 10)
	b = append(b, `,"message":`...)
	b = appendString(b, message)
	b = append(b, `,"data":`...)
	b = appendRaw(b, raw)
	return append(b, '}')
}

// appendRaw appends a payload undecoded; none at all is null.
func appendRaw(b, raw []byte) []byte {
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func appendString(b []byte, s string) []byte {
	if plain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, _ := json.Marshal(s) // a string always marshals
	return append(b, quoted...)
}

func rawJSON(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return v, nil
	}
	return json.Marshal(v)
}
