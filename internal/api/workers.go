package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"golang.org/x/sys/unix"

	"initiator/initiator/report"
	"initiator/internal/bounds"
	"initiator/internal/supervise"
	"initiator/internal/webhook"
)

// listWorkers answers GET /workers.
func (h *handlers) listWorkers(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"workers": h.Workers.Workers()})
}

// launchWorker answers POST /workers: one more worker, 201 when it is ready.
func (h *handlers) launchWorker(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Module string `json:"module"`
		GUID   string `json:"guid"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Module == "" {
		webhook.BadBody.WriteAnswer(w, `"module" is missing: name a [worker:NAME] of the INI`, nil)
		return
	}
	got, err := h.Workers.LaunchWorker(r.Context(), body.Module, body.GUID)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, got)
}

// orderWorkers answers POST /workers/start, /stop, /restart, /reload and /clear.
func (h *handlers) orderWorkers(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
		// Rolling restarts one worker at a time, each ready before the next.
		Rolling bool `json:"rolling"`
		// DryRun only returns the order of a rolling restart.
		DryRun bool `json:"dry_run"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if fault := namesFault(body.Names); fault != "" {
		webhook.BadBody.WriteAnswer(w, fault, nil)
		return
	}
	order := map[string]func(context.Context, ...string) ([]report.Result, error){
		"start": h.Workers.Start, "stop": h.Workers.Stop, "restart": h.Workers.Restart, "reload": h.Workers.ReloadWorkers, "clear": h.Workers.ClearLogs,
	}[mux.Vars(r)["verb"]]
	if body.Rolling {
		if mux.Vars(r)["verb"] != "restart" {
			webhook.BadBody.WriteAnswer(w, `"rolling" is for /workers/restart`, nil)
			return
		}
		order = h.Workers.RestartRolling
	}
	if body.DryRun {
		if !body.Rolling {
			webhook.BadBody.WriteAnswer(w, `"dry_run" is for "rolling": true`, nil)
			return
		}
		order = h.Workers.RestartOrder
	}
	got, err := order(r.Context(), body.Names...)
	if err != nil && len(got) == 0 {
		h.writeError(w, r, err)
		return
	}
	// An error beside results says where the order ended early, as a rolling
	// restart does at the first worker that does not come up.
	writeJSON(w, http.StatusOK, struct {
		Results []report.Result `json:"results"`
		Error   string          `json:"error,omitempty"`
	}{got, errorText(err)})
}

// scalePool answers POST /workers/{name}/scale with all workers. Workers that do
// not come up are in the answer's error; the number is changed all the same.
func (h *handlers) scalePool(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Replicas *int `json:"replicas"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Replicas == nil || *body.Replicas < 0 || *body.Replicas > bounds.Replicas {
		webhook.BadBody.WriteAnswer(w, fmt.Sprintf(`"replicas" must be a number from 0 to %d`, bounds.Replicas), nil)
		return
	}
	err := h.Workers.ScalePool(r.Context(), mux.Vars(r)["name"], *body.Replicas)
	var notUp *supervise.NotUpError
	if err != nil && !errors.As(err, &notUp) {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Workers []report.Worker `json:"workers"`
		Error   string          `json:"error,omitempty"`
	}{h.Workers.Workers(), errorText(err)})
}

// signalWorkers answers POST /workers/signal.
func (h *handlers) signalWorkers(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names  []string `json:"names"`
		Signal string   `json:"signal"`
		// To is SignalGroup, SignalMain, or "" for the rule of the definition.
		To report.SignalTarget `json:"to"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	n, fault := parseSignal(body.Signal), namesFault(body.Names)
	switch {
	case body.To != report.SignalByRule && body.To != report.SignalGroup && body.To != report.SignalMain:
		webhook.BadBody.WriteAnswer(w, `"to" must be "group" or "main", or be left out`, nil)
	case fault != "":
		webhook.BadBody.WriteAnswer(w, fault, nil)
	case n == 0:
		webhook.BadBody.WriteAnswer(w, "there is no signal "+strconv.Quote(body.Signal)+"; name one such as HUP, or give its number", nil)
	default:
		if err := h.Workers.SignalWorkers(r.Context(), n, body.To, body.Names...); err != nil {
			h.writeError(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]bool{"sent": true})
	}
}

// parseSignal reads HUP, SIGHUP or 1; 0 when the text is no signal.
func parseSignal(text string) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 64 {
		return n
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	return int(unix.SignalNum(name))
}

// explainWorkers answers GET /workers/{name}/why.
func (h *handlers) explainWorkers(w http.ResponseWriter, r *http.Request) {
	got, err := h.Workers.ExplainWorkers(r.Context(), mux.Vars(r)["name"])
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	h.Logs.AddLastOutput(r.Context(), got)
	writeJSON(w, http.StatusOK, map[string]any{"answers": got})
}
