package api

import "net/http"

// checkTasks answers GET /tasks/check with the damage of the task files.
func (h *handlers) checkTasks(w http.ResponseWriter, r *http.Request) {
	got, err := h.Control.CheckTasks()
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, got)
}

// acceptDamage answers POST /tasks/check/accept: a person has seen the damage.
func (h *handlers) acceptDamage(w http.ResponseWriter, r *http.Request) {
	if !readJSON(w, r, &struct{}{}) {
		return
	}
	got, err := h.Control.AcceptDamage()
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, got)
}
