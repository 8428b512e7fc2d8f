package call

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Result is the result of a method. The zero value cannot be decoded.
type Result struct {
	codec Codec
	body  []byte
}

// Decode stores the result in the value that v points to.
func (r Result) Decode(v any) error {
	if r.codec == nil {
		return errors.New("decode a result: the result is empty")
	}
	if err := r.codec.Unmarshal(r.body, v); err != nil {
		return fmt.Errorf("decode a result: %w", err)
	}
	return nil
}

// Bytes returns the result in the codec's serialization. The caller must not
// change it.
func (r Result) Bytes() []byte { return r.body }

// Error is an error with which a worker answered a call.
type Error struct {
	Method  string
	Address string
	Status  int // of HTTP; 503 = the call was not accepted, 404 = no such method
	Code    int // toto's; 1000 unless the method chose another code
	Value   any // as the codec decodes it, usually a string
}

// Error returns the method, the address and the worker's error.
func (e *Error) Error() string {
	return fmt.Sprintf("call %s on %s: %v (code %d, HTTP %d)", e.Method, e.Address, e.Value, e.Code, e.Status)
}

const (
	// codeServer is toto's code for errors without a code of their own.
	codeServer = 1000
	// shownBody limits how much of an unreadable answer an error shows, in
	// bytes.
	shownBody = 200
)

func (r request) newError(address string, status int, body []byte) *Error {
	e := &Error{Method: r.method, Address: address, Status: status, Code: codeServer}
	var answer map[string]any
	if err := r.codec.Unmarshal(body, &answer); err != nil {
		e.Value = strings.ToValidUTF8(string(body[:min(len(body), shownBody)]), "?")
		return e
	}
	fault, _ := answer["error"].(map[string]any)
	if code, err := strconv.ParseFloat(fmt.Sprint(fault["code"]), 64); err == nil {
		e.Code = int(code) // codecs decode numbers to different types
	}
	if e.Value = fault["value"]; e.Value == nil {
		e.Value = answer
	}
	return e
}
