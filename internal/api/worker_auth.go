package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

type workerKey struct{}

// identifyWorker recognises a worker by its own token, and notes its guid in the
// request's context.
func (h *handlers) identifyWorker(r **http.Request) bool {
	token := bearerToken(*r)
	if token == "" {
		return false
	}
	guid, ok := h.Configs.TokenOwner(token)
	if ok {
		*r = (*r).WithContext(context.WithValue((*r).Context(), workerKey{}, guid))
	}
	return ok
}

// callingWorker is the guid of the worker that made a request with its own token.
func callingWorker(r *http.Request) (guid string, ok bool) {
	guid, ok = r.Context().Value(workerKey{}).(string)
	return guid, ok
}

// isOpenToWorkers reports whether a worker may make a request: a handler needs
// these to have a part of its task done by other workers, and nothing else.
func isOpenToWorkers(r *http.Request) bool {
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

// checkParent checks that a worker submits children of its own running tasks
// only. It reports false when it has answered.
func (h *handlers) checkParent(w http.ResponseWriter, r *http.Request, q task.Request) bool {
	guid, ok := callingWorker(r)
	if !ok || q.Parent == uuid.Nil {
		return true
	}
	parent, err := h.Tasks.Get(r.Context(), q.Parent)
	if err != nil {
		h.writeError(w, r, err)
		return false
	}
	if l, runs := queue.LeaseOf(&parent); !runs || l.GUID != guid {
		webhook.Conflict.WriteAnswer(w, fmt.Sprintf("task %s does not run in this worker, so it has no children from here", q.Parent), nil)
		return false
	}
	return true
}
