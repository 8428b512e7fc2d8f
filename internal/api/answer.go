package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/internal/supervise"
	"initiator/proactor"
)

// write answers with a resource.
func write(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false) // a result with a < in it is to arrive as it was written
	if err := out.Encode(v); err != nil {
		proactor.Internal.Write(w, "write the answer: "+err.Error(), nil)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that has gone away is no fault of ours
}

// fail answers with the envelope of an error.
func fail(w http.ResponseWriter, r *http.Request, h House, err error) {
	code, message := described(h, err)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is there to read it
	}
	if code == proactor.QueueFull || errors.Is(err, task.ErrStorage) {
		w.Header().Set("Retry-After", "1")
	}
	code.Write(w, message, nil)
}

// described is the code of an error, and its words for a person.
func described(h House, err error) (proactor.Code, string) {
	message := err.Error()
	var pool *dispatch.UnknownPoolError
	if errors.As(err, &pool) {
		if slices.ContainsFunc(h.Workers(), func(w supervise.Worker) bool { return w.Name == pool.Name }) {
			message += ": [worker:" + pool.Name + "] takes no tasks" // with contract = off or protocol = none
		}
		message += suggest(pool.Name, h.Pools())
	}
	return status(err), message
}

// status is the one table from an error to its code and HTTP status.
func status(err error) proactor.Code {
	var pool *dispatch.UnknownPoolError
	var full *dispatch.QueueFullError
	var unknown *supervise.UnknownNameError
	var one *supervise.OnePortError
	var faults proactor.Faults
	switch {
	case errors.As(err, &pool), errors.As(err, &unknown), errors.Is(err, task.ErrUnknown), errors.Is(err, fs.ErrNotExist):
		return proactor.NotFound
	case errors.As(err, &full):
		return proactor.QueueFull
	case errors.Is(err, task.ErrInvalid):
		return proactor.BadBody
	case errors.Is(err, task.ErrState), errors.As(err, &one):
		return proactor.Conflict
	case errors.As(err, &faults):
		return proactor.BadConfig
	case errors.Is(err, task.ErrStorage), errors.Is(err, dispatch.ErrClosed), errors.Is(err, supervise.ErrStopping), errors.Is(err, supervise.ErrEnded):
		return proactor.Unavailable
	}
	return proactor.Internal
}

// suggest says which name may have been meant, or which there are.
func suggest(name string, known []string) string {
	if near, ok := proactor.Nearest(name, known); ok {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	if len(known) == 0 {
		return "; the INI defines no workers"
	}
	list := ""
	for i, k := range known {
		if i == 8 {
			list += ", …"
			break
		}
		if i > 0 {
			list += ", "
		}
		list += k
	}
	return "; there is " + list
}

// read takes a JSON body. It reports false when it has answered with the fault.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	body, code := proactor.ReadBody(w, r, bodyLimit)
	if !code.OK() {
		code.Write(w, "", nil)
		return false
	}
	if err := proactor.Decode(body, v); err != nil {
		proactor.BadBody.Write(w, err.Error(), nil)
		return false
	}
	return true
}
