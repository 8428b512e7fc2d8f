package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
)

// Holders knows the workers' own tokens.
type Holders interface {
	// Holder is the living worker whose own token this is.
	Holder(token string) (guid string, ok bool)
}

type holderKey struct{}

// asWorker recognises a worker by its own token, and notes in the request who
// it is.
func asWorker(h House, r **http.Request) bool {
	token := bearer(*r)
	if token == "" {
		return false
	}
	guid, ok := h.Holder(token)
	if ok {
		*r = (*r).WithContext(context.WithValue((*r).Context(), holderKey{}, guid))
	}
	return ok
}

// forWorkers says whether a worker may make a request: what a handler needs to
// have a part of its task done by others, and nothing else.
func forWorkers(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v1/tasks")
	if !ok {
		return false
	}
	id, verb, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	_, err := uuid.Parse(id)
	switch {
	case rest == "":
		return r.Method == http.MethodPost
	case err != nil:
		return false
	case verb == "":
		return r.Method == http.MethodGet
	}
	return verb == "cancel" && r.Method == http.MethodPost
}

// mayBear checks that a worker submits children of none but its own running
// tasks. It reports false when it has answered.
func mayBear(w http.ResponseWriter, r *http.Request, h House, q task.Request) bool {
	guid, inside := r.Context().Value(holderKey{}).(string)
	if !inside || q.Parent == uuid.Nil {
		return true
	}
	parent, err := h.Task(r.Context(), q.Parent)
	if err != nil {
		fail(w, r, h, err)
		return false
	}
	if l, runs := parent.Lease(); !runs || l.GUID != guid {
		proactor.Conflict.Write(w, fmt.Sprintf("task %s does not run in this worker, so it has no children from here", q.Parent), nil)
		return false
	}
	return true
}
