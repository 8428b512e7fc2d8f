package api

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"initiator/internal/supervise"
	"initiator/proactor"
)

type workers struct {
	house House
	life  context.Context // of the server: ends what is followed
}

// list answers GET /workers.
func (k workers) list(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]any{"workers": k.house.Workers()})
}

// launch answers POST /workers: one more worker, 201 when it is ready.
func (k workers) launch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Module string `json:"module"`
		GUID   string `json:"guid"`
	}
	if !read(w, r, &body) {
		return
	}
	if body.Module == "" {
		proactor.BadBody.Write(w, `"module" is missing: name a [worker:NAME] of the INI`, nil)
		return
	}
	got, err := k.house.LaunchWorker(r.Context(), body.Module, body.GUID)
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusCreated, got)
}

// order answers POST /workers/start, /stop, /restart and /clear.
func (k workers) order(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
		// Rolling restarts one at a time, each ready before the next.
		Rolling bool `json:"rolling"`
	}
	if !read(w, r, &body) {
		return
	}
	if len(body.Names) == 0 {
		proactor.BadBody.Write(w, `"names" is empty: name workers, definitions or "all"`, nil)
		return
	}
	do := map[string]func(context.Context, ...string) ([]supervise.Result, error){
		"start": k.house.Start, "stop": k.house.Stop, "restart": k.house.Restart, "clear": k.house.Clear,
	}[mux.Vars(r)["verb"]]
	if body.Rolling && mux.Vars(r)["verb"] == "restart" {
		do = k.house.RestartRolling
	}
	got, err := do(r.Context(), body.Names...)
	if err != nil && len(got) == 0 {
		fail(w, r, k.house, err)
		return
	}
	// An error beside results says where it ended early, as a rolling restart
	// does at the first worker that does not come up.
	write(w, http.StatusOK, struct {
		Results []supervise.Result `json:"results"`
		Error   string             `json:"error,omitempty"`
	}{got, said(err)})
}
