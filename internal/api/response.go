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

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/spelling"
	"initiator/internal/supervise"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// writeJSON answers with a resource.
func writeJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	if err := newEncoder(&body).Encode(v); err != nil {
		webhook.Internal.WriteAnswer(w, "write the answer: "+err.Error(), nil)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // fails when the client has gone away
}

// newEncoder makes an encoder that leaves a < in a result as it is.
func newEncoder(w interface{ Write([]byte) (int, error) }) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// writeError answers with the envelope of an error.
func (h *handlers) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		if err = context.Cause(r.Context()); !errors.Is(err, errTokenReplaced) {
			return // the client has gone away
		}
	}
	code, message := h.describeError(err)
	if seconds := retryAfterSeconds(code, err); seconds > 0 {
		w.Header().Set("Retry-After", strconv.FormatFloat(seconds, 'f', -1, 64))
	}
	code.WriteAnswer(w, message, nil)
}

// retryAfterSeconds is how long the client of a refused request has to wait before
// it repeats the request; 0 = the initiator does not know. A client may take 503
// without it for an initiator that is about to end.
func retryAfterSeconds(code webhook.Code, err error) float64 {
	if code == webhook.QueueFull || errors.Is(err, task.ErrStorage) || errors.Is(err, errBodiesFull) {
		return retryAfter.Seconds()
	}
	return 0
}

// describeError returns the code of an error, and its text for a person.
func (h *handlers) describeError(err error) (webhook.Code, string) {
	message := err.Error()
	var pool *dispatch.UnknownPoolError
	if errors.As(err, &pool) {
		message += suggestPool(pool.Name, h.Pools.Names(), h.Workers.Workers())
	}
	return errorCode(err), message
}

// errorCode is the only table from an error to its code and HTTP status.
func errorCode(err error) webhook.Code {
	var pool *dispatch.UnknownPoolError
	var full *dispatch.QueueFullError
	var unknown *supervise.UnknownNameError
	var one *supervise.OnePortError
	var faults proactor.Faults
	var check *supervise.CheckError
	switch {
	case errors.As(err, &pool):
		return webhook.UnknownPool
	case errors.As(err, &unknown):
		return webhook.UnknownWorker
	case errors.Is(err, task.ErrNotFound):
		return webhook.UnknownTask
	case errors.Is(err, fs.ErrNotExist):
		return webhook.NotFound
	case errors.As(err, &full):
		return webhook.QueueFull
	case errors.Is(err, task.ErrForbidden):
		return webhook.Forbidden
	case errors.Is(err, errTokenReplaced):
		return webhook.Unauthorized
	case errors.Is(err, task.ErrInvalid):
		return webhook.BadBody
	case errors.Is(err, task.ErrConflict), errors.As(err, &one):
		return webhook.Conflict
	case errors.As(err, &faults), errors.As(err, &check):
		return webhook.BadConfig
	case errors.Is(err, task.ErrStorage):
		return webhook.StorageFailed
	case errors.Is(err, dispatch.ErrClosed), errors.Is(err, supervise.ErrStopping), errors.Is(err, supervise.ErrEnded):
		return webhook.Unavailable
	}
	return webhook.Internal
}

// suggestPool says which pool may have been meant, which pools there are, or why
// there is none.
func suggestPool(name string, known []string, workers []report.Worker) string {
	text := ""
	if slices.ContainsFunc(workers, func(w report.Worker) bool { return w.Name == name }) {
		text = ": the worker takes no tasks, because it has contract = off or protocol = none"
	}
	switch {
	case len(known) > 0:
		return text + "; " + spelling.Suggest(name, known)
	case len(workers) > 0 && text == "":
		return "; no worker takes tasks, because each has contract = off or protocol = none"
	case text == "":
		return "; the INI defines no workers: write a [worker:NAME]"
	}
	return text
}

// errorText is the text of an error; "" = none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
