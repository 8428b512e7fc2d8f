package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/dispatch"
)

type workerKey struct{}

// identifyWorker recognises a worker by its own token, and notes the worker in the
// request's context.
func (h *handlers) identifyWorker(r **http.Request) bool {
	token := bearerToken(*r)
	if token == "" {
		return false
	}
	worker, ok := h.Configs.TokenOwner(token)
	if ok {
		*r = (*r).WithContext(context.WithValue((*r).Context(), workerKey{}, worker))
	}
	return ok
}

// callingWorker is the worker that made a request with its own token.
func callingWorker(r *http.Request) (w dispatch.WorkerCaller, ok bool) {
	w, ok = r.Context().Value(workerKey{}).(dispatch.WorkerCaller)
	return w, ok
}

// isOpenToWorkers reports whether a worker may make a request: a handler needs
// these to have a part of its work done by other workers, and nothing else. Which
// tasks are open to the worker is decided by taskRequests.
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

// taskRequests are the requests about tasks that a worker may make as well as a
// client.
type taskRequests interface {
	Submit(context.Context, task.Request) (task.Task, error)
	Call(context.Context, task.Request) (task.Task, error)
	Get(context.Context, uuid.UUID) (task.Task, error)
	Wait(context.Context, uuid.UUID) (task.Task, error)
	Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error)
}

// tasksFor returns the requests with the authority of the sender of r.
func (h *handlers) tasksFor(r *http.Request) taskRequests {
	if w, ok := callingWorker(r); ok {
		return h.Tasks.ForWorker(w)
	}
	return h.Tasks
}

// writeRecord answers with the record of a task. Of a known task that is not open
// to the worker that submitted it again, there are only id and state.
func writeRecord(w http.ResponseWriter, status int, t task.Task) {
	if t.Pool != "" {
		answerTask(w, status, t)
		return
	}
	writeJSON(w, status, struct {
		ID    uuid.UUID  `json:"id"`
		State task.State `json:"state"`
		Known bool       `json:"known"`
	}{t.ID, t.State, t.Known})
}
