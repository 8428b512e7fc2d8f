package webhook

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"unicode/utf8"

	"initiator/internal/bounds"
	"initiator/internal/strictjson"
)

// ReadBody reads a request's body of at most limit bytes, whatever the method
// and whatever Content-Type it names or lacks: Python's client sends a body
// with GET and no type at all. The Code is Success, or what to answer with:
// BodyTooLarge, BodyTimeout, BadBody.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, Code) {
	if r.ContentLength > limit {
		discardBody(w, r)
		return nil, bodyTooLarge(limit)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, Success
	}
	data, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	code := bodyCode(err)
	if code == BodyTooLarge {
		discardBody(w, r)
		code = bodyTooLarge(limit)
	}
	return data, code
}

// bodyTooLarge returns BodyTooLarge with the limit in its message.
func bodyTooLarge(limit int64) Code {
	c := BodyTooLarge
	c.Message = "The body is too large: at most " + sizeText(limit) + " are allowed."
	return c
}

// sizeText writes a number of bytes for people.
func sizeText(bytes int64) string {
	if bytes >= 1<<20 && bytes%(1<<20) == 0 {
		return strconv.FormatInt(bytes>>20, 10) + " MiB"
	}
	return strconv.FormatInt(bytes, 10) + " bytes"
}

// discardLimit is how much of a body that is too large is read and thrown away.
// The time that the server gives to a request bounds it as well.
const discardLimit = bounds.Discarded

// discardBody lets the client finish: were the connection closed while it still
// sends, it would see a reset and never the answer that says why. It takes no
// memory, and no longer than the server gives to any request.
func discardBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // there may be more than that
	_, _ = io.CopyN(io.Discard, r.Body, discardLimit)
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

// trustedLength is how much of an announced Content-Length is allocated in advance:
// a header costs its sender nothing, so a large one is believed only as the
// bytes arrive.
const trustedLength = 1 << 20

func readAll(r io.Reader, announced int64) ([]byte, error) {
	b := make([]byte, 0, min(max(announced, 511), trustedLength)+1)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		switch full := len(b) == cap(b); {
		case full && announced >= int64(len(b)):
			// A quarter has arrived, so the rest is believed. Small steps would leave
			// several times the length as garbage.
			b = append(make([]byte, 0, min(4*int64(len(b)), announced+1)), b...)
		case full:
			b = append(b, 0)[:len(b)]
		}
	}
}

// DecodeBody reads a JSON body into v. No body at all counts as {}. Bytes that are
// not UTF-8 are refused here, although encoding/json would let them pass,
// because payloads are handed on undecoded to peers that would not. Who stores a
// payload checks its nesting; here nesting is refused that encoding/json refuses.
func DecodeBody(data []byte, v any) error {
	if len(data) == 0 {
		return nil
	}
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8; send JSON as RFC 8259 has it")
	}
	if decodeByHand(data, v) {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("the body is not the JSON expected here: %w", cmp.Or(bounds.CheckNesting(data), strictjson.ExplainDecode(err)))
	}
	return nil
}
