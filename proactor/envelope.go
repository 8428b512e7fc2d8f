package proactor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
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

// ReadBody reads a request's body of at most limit bytes, whatever the method
// and whatever Content-Type it names or lacks: Python's client sends a body
// with GET and no type at all. The Code is Success, or what to answer with:
// BodyTooLarge, BodyTimeout, BadBody.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, Code) {
	if r.ContentLength > limit {
		// The rest is never read, so the connection is of no more use.
		w.Header().Set("Connection", "close")
		return nil, BodyTooLarge
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, Success
	}
	data, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	return data, bodyCode(err)
}

func bodyCode(err error) Code {
	var tooLarge *http.MaxBytesError
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return Success
	case errors.As(err, &tooLarge):
		return BodyTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		return BodyTimeout
	}
	return BadBody
}

// trusted is how much of an announced Content-Length is allocated in advance:
// a header costs its sender nothing, so a large one is believed only as the
// bytes arrive.
const trusted = 1 << 20

func readAll(r io.Reader, announced int64) ([]byte, error) {
	b := make([]byte, 0, min(max(announced, 511), trusted)+1)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// Decode reads a JSON body into v. No body at all counts as {}. Bytes that are
// not UTF-8 are refused here, although encoding/json would let them pass,
// because payloads are handed on undecoded to peers that would not; so is
// nesting deeper than 10,000.
func Decode(data []byte, v any) error {
	if len(data) == 0 {
		return nil
	}
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8; send JSON as RFC 8259 has it")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("the body is not the JSON expected here: %w", err)
	}
	return nil
}

// Checks are what every webhook is asked before its handler runs, in this
// order: is the server shutting down, is the Channel right, is the Token right.
type Checks struct {
	// ShuttingDown answers everything with 101.
	ShuttingDown bool
	// Channel is the number that the header must hold.
	Channel int
	// ChannelOptional lets the header be absent (never wrong). For requests
	// under the server's own token: the original sends none with these.
	ChannelOptional bool
	// Missing and Wrong are the codes for a token that is absent or wrong.
	Missing, Wrong Code
	// Token judges the token. Nil takes any, as /connect does, whose caller
	// chooses it.
	Token func(token string) bool
}

// Check returns the request's token and Success, or the code to answer with.
func (c Checks) Check(h http.Header) (string, Code) {
	if c.ShuttingDown {
		return "", ShuttingDown
	}
	if code := c.channel(h); !code.OK() {
		return "", code
	}
	tokens := h[HeaderToken]
	if len(tokens) == 0 {
		return "", c.Missing
	}
	if c.Token != nil && !c.Token(tokens[0]) {
		return "", c.Wrong
	}
	return tokens[0], Success
}

func (c Checks) channel(h http.Header) Code {
	value := strings.TrimSpace(h.Get(HeaderChannel))
	if value == "" {
		if c.ChannelOptional {
			return Success
		}
		return NoChannel
	}
	if n, err := strconv.Atoi(value); err != nil || n != c.Channel {
		return WrongChannel
	}
	return Success
}
