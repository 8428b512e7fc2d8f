package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"initiator/internal/plan"
	"initiator/internal/supervise"
	"initiator/proactor"
)

// Turberfield is what its endpoints need (wire/webhooks.md, section 4).
type Turberfield interface {
	// Config is a worker's configuration, where the token is its own.
	Config(guid, token string) (entries []plan.Entry, allowed bool)
	// Definition is the name of the definition with that name or module.
	Definition(module string) (name string, ok bool)
	// URL is the base of the API on TCP.
	URL() string
}

type turberfield struct{ house House }

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

func jobOf(w supervise.Worker) Job {
	return Job{GUID: w.GUID, Port: w.Port, Session: fmt.Sprintf("%s/%d", w.GUID, w.Incarnation), Module: w.Name, Process: w.PID}
}

const configPath = "/config/"

// formLimit is the size of a form, in bytes.
const formLimit = 64 << 10

// create answers POST /create: it launches one more worker of the definition
// or module that the form names, and answers when that is ready. The field
// session is taken, as turberfield takes it, and has no effect.
func (t turberfield) create(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		proactor.BadBody.Write(w, "the form cannot be read: "+err.Error(), nil)
		return
	}
	module := r.PostFormValue("module")
	if module == "" {
		proactor.BadBody.Write(w, `the form's field "module" is missing: name a definition, or the module that it runs`, nil)
		return
	}
	name, ok := t.house.Definition(module)
	if !ok {
		proactor.NotFound.Write(w, fmt.Sprintf("no definition runs the module %q; write [worker:NAME] with module = %s, or a section [%s]", module, module, module), nil)
		return
	}
	got, err := t.house.LaunchWorker(r.Context(), name, "")
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	w.Header().Set("Refresh", "0;url="+t.house.URL()+"/job")
	write(w, http.StatusCreated, jobOf(got))
}

func parseForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(formLimit)
	}
	return err
}

// jobs answers GET /job: all workers, by guid.
func (t turberfield) jobs(w http.ResponseWriter, _ *http.Request) {
	list := map[string]Job{}
	for _, k := range t.house.Workers() {
		list[k.GUID] = jobOf(k)
	}
	write(w, http.StatusOK, list)
}

// job answers GET /job/{guid}.
func (t turberfield) job(w http.ResponseWriter, r *http.Request) {
	guid := mux.Vars(r)["guid"]
	for _, k := range t.house.Workers() {
		if k.GUID == guid {
			write(w, http.StatusOK, jobOf(k))
			return
		}
	}
	proactor.NotFound.Write(w, fmt.Sprintf("there is no worker with the guid %q", guid), nil)
}

// config answers GET /config/{guid} with the worker's section, as Python's
// dict(cfg.items(guid)) has it. It needs exactly that worker's token; to
// whoever has another it does not say whether there is such a worker.
func (t turberfield) config(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" takes GET", nil)
		return
	}
	entries, allowed := t.house.Config(strings.TrimPrefix(r.URL.Path, configPath), bearer(r))
	if !allowed {
		proactor.Forbidden.Write(w, "send Authorization: Bearer with that worker's own token", nil)
		return
	}
	section := map[string]*string{}
	for i := range entries {
		section[entries[i].Key] = nil // Python's None
		if entries[i].Valued {
			section[entries[i].Key] = &entries[i].Value
		}
	}
	write(w, http.StatusOK, section)
}
