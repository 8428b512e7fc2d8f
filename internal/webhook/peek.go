package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// PeekBody reads the first n bytes of a request's body. [ReadBody] returns them
// again. whole reports that the body has no more bytes.
func PeekBody(r *http.Request, n int) (prefix []byte, whole bool, err error) {
	if r.Body == nil {
		return nil, true, nil
	}
	prefix = make([]byte, n)
	read, err := io.ReadFull(r.Body, prefix)
	prefix = prefix[:read]
	whole = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if whole {
		err = nil
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(prefix), r.Body), r.Body}
	return prefix, whole, err
}

// DiscardBody reads the rest of a request's body and throws it away, so that
// the client finishes and sees the answer. The connection ends with the
// request.
func DiscardBody(w http.ResponseWriter, r *http.Request) { discardBody(w, r) }

// ParseTaskPrefix reads the member task from the beginning of a body whose
// first member it is. It reports false for any other beginning.
func ParseTaskPrefix(prefix []byte) (ref TaskRef, ok bool) {
	if s := jsonScan(prefix); s.skipLiteral(`{"task":{`) {
		if ref, ok = s.readTaskRef(); ok {
			return ref, true
		}
	}
	d := json.NewDecoder(bytes.NewReader(prefix))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return ref, false
	}
	if name, err := d.Token(); err != nil || name != "task" {
		return ref, false
	}
	ref = TaskRef{}
	return ref, d.Decode(&ref) == nil
}
