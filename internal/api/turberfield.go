package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"initiator/initiator/report"
	"initiator/internal/bounds"
	"initiator/internal/connbudget"
	"initiator/internal/webhook"
)

// The endpoints of turberfield's initiator; see docs/worker-contract.md,
// section 4.

// Job is a worker in the words of turberfield's tuple.
type Job struct {
	GUID string `json:"guid"`
	Port int    `json:"port"`
	// Session names the incarnation: the guid and its number.
	Session string `json:"session"`
	// Module is the worker definition's name.
	Module string `json:"module"`
	// Process is the pid, 0 while there is none.
	Process int `json:"process"`
}

func newJob(w report.Worker) Job {
	return Job{GUID: w.GUID, Port: w.Port, Session: fmt.Sprintf("%s/%d", w.GUID, w.Incarnation), Module: w.Name, Process: w.PID}
}

const configPath = "/config/"

// createJob answers POST /create: it launches one more worker of the definition or
// module that the form names, and answers when that worker is ready. The field
// session is accepted, as turberfield accepts it, and has no effect.
func (h *handlers) createJob(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, bounds.Form)
	if err := parseForm(r); err != nil {
		webhook.BadBody.WriteAnswer(w, "the form cannot be read: "+err.Error(), nil)
		return
	}
	module := r.PostFormValue("module")
	if module == "" {
		webhook.BadBody.WriteAnswer(w, `the form's field "module" is missing: name a definition, or the module that it runs`, nil)
		return
	}
	definition, ok := h.Plan().FindSpecOrModule(module)
	if !ok {
		webhook.NotFound.WriteAnswer(w, fmt.Sprintf("no definition runs the module %q; write [worker:NAME] with module = %s, or a section [%s]", module, module, module), nil)
		return
	}
	got, err := h.Workers.LaunchWorker(r.Context(), definition.Name, "")
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	w.Header().Set("Refresh", "0;url="+h.url+"/job")
	writeJSON(w, http.StatusCreated, newJob(got))
}

func parseForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(bounds.Form)
	}
	return err
}

// listJobs answers GET /job: all workers, by guid.
func (h *handlers) listJobs(w http.ResponseWriter, _ *http.Request) {
	list := map[string]Job{}
	for _, k := range h.Workers.Workers() {
		list[k.GUID] = newJob(k)
	}
	writeJSON(w, http.StatusOK, list)
}

// getJob answers GET /job/{guid}.
func (h *handlers) getJob(w http.ResponseWriter, r *http.Request) {
	guid := mux.Vars(r)["guid"]
	for _, k := range h.Workers.Workers() {
		if k.GUID == guid {
			writeJSON(w, http.StatusOK, newJob(k))
			return
		}
	}
	webhook.NotFound.WriteAnswer(w, fmt.Sprintf("there is no worker with the guid %q", guid), nil)
}

// getConfig answers GET /config/{guid} with the worker's section, as Python's
// dict(cfg.items(guid)) has it. It needs exactly that worker's token; with
// another token the answer does not say whether there is such a worker.
func (h *handlers) getConfig(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		webhook.MethodNotAllowed.WriteAnswer(w, r.URL.Path+" takes GET", nil)
		return
	}
	entries, allowed := h.Configs.Config(strings.TrimPrefix(r.URL.Path, configPath), bearerToken(r))
	if !allowed {
		webhook.Forbidden.WriteAnswer(w, "send Authorization: Bearer with that worker's own token", nil)
		return
	}
	if !admitConn(w, r, connbudget.Lifeline, strings.TrimPrefix(r.URL.Path, configPath)) {
		return
	}
	section := map[string]*string{}
	for i := range entries {
		section[entries[i].Key] = nil // Python's None
		if entries[i].Valued {
			section[entries[i].Key] = &entries[i].Value
		}
	}
	writeJSON(w, http.StatusOK, section)
}
