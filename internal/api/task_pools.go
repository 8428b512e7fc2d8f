package api

import (
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/webhook"
)

// listPools answers GET /pools.
func (h *handlers) listPools(w http.ResponseWriter, r *http.Request) {
	list, err := h.Pools.ListStates(r.Context())
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"pools": list})
}

// pausePools answers POST /pools/pause and /pools/resume with all pools as they
// are then. The body names the pools: {"names": ["adder"]}, or "all".
func (h *handlers) pausePools(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if fault := namesFault(body.Names); fault != "" {
		webhook.BadBody.WriteAnswer(w, fault, nil)
		return
	}
	if err := h.Pools.SetPaused(r.Context(), mux.Vars(r)["verb"] == "pause", body.Names...); err != nil {
		h.writeError(w, r, err)
		return
	}
	h.listPools(w, r)
}

// retryTasks answers POST /tasks/retry: {"pool": "adder", "state": "dead"}.
// Without a pool it retries tasks of every pool, without a state dead tasks.
func (h *handlers) retryTasks(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Pool  string     `json:"pool"`
		State task.State `json:"state"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.State == "" {
		body.State = task.Dead
	}
	if body.Pool != "" && !slices.Contains(h.Pools.Names(), body.Pool) {
		h.writeError(w, r, &dispatch.UnknownPoolError{Name: body.Pool})
		return
	}
	n, err := h.Tasks.RetryAll(r.Context(), task.Filter{Pool: body.Pool, State: body.State})
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"retried": n})
}
