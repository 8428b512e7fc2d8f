package api

import (
	"errors"
	"net/http"

	"initiator/initiator/report"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// getHealth answers GET /healthz, which needs no token: the initiator runs. A problem
// does not change the status code, because a restart would not mend it.
func (h *handlers) getHealth(w http.ResponseWriter, r *http.Request) {
	health := struct {
		Status   string   `json:"status"`
		Problems []string `json:"problems,omitempty"`
	}{Status: "ok", Problems: h.Control.ProblemNames(r.Context())}
	if len(health.Problems) > 0 {
		health.Status = "degraded"
	}
	writeJSON(w, http.StatusOK, health)
}

// showChanges answers GET /plan: what a reload would do.
func (h *handlers) showChanges(w http.ResponseWriter, r *http.Request) {
	got, err := h.Control.Changes()
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, got)
}

// reloadPlan answers POST /reload. Workers that do not come up are in the answer's
// error; the INI is applied all the same.
func (h *handlers) reloadPlan(w http.ResponseWriter, r *http.Request) {
	if !readJSON(w, r, &struct{}{}) {
		return
	}
	got, err := h.Control.Reload(r.Context())
	var faults proactor.Faults
	if errors.As(err, &faults) || err != nil && len(got.Workers) == 0 {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		report.Changes
		Error string `json:"error,omitempty"`
	}{got, errorText(err)})
}

// requestShutdown answers POST /shutdown: the initiator ends. The answer comes first.
func (h *handlers) requestShutdown(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Kill bool `json:"kill"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]bool{"stopping": true})
	h.Control.Shutdown(body.Kill)
}

// upgradeProgram answers POST /upgrade: the process becomes another program.
func (h *handlers) upgradeProgram(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Binary string `json:"binary"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	version, err := h.Control.Upgrade(r.Context(), body.Binary)
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]any{"version": version, "generation": h.Control.Status().Generation})
}
