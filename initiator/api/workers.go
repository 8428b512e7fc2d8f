package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"initiator/initiator/supervise"
	"initiator/proactor"
)

type workers struct{ house House }

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

// order answers POST /workers/start, /stop and /restart.
func (k workers) order(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
	}
	if !read(w, r, &body) {
		return
	}
	if len(body.Names) == 0 {
		proactor.BadBody.Write(w, `"names" is empty: name workers, definitions or "all"`, nil)
		return
	}
	do := map[string]func(context.Context, ...string) ([]supervise.Result, error){
		"start": k.house.Start, "stop": k.house.Stop, "restart": k.house.Restart,
	}[mux.Vars(r)["verb"]]
	got, err := do(r.Context(), body.Names...)
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, map[string]any{"results": got})
}

// logs answers GET /workers/{name}/logs?stream=&tail=.
func (k workers) logs(w http.ResponseWriter, r *http.Request) {
	q := LogQuery{Stream: r.URL.Query().Get("stream")}
	if q.Stream != "" && q.Stream != "stdout" && q.Stream != "stderr" {
		proactor.BadBody.Write(w, fmt.Sprintf("stream %q does not exist; there is stdout and stderr", q.Stream), nil)
		return
	}
	if text := r.URL.Query().Get("tail"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			proactor.BadBody.Write(w, fmt.Sprintf("tail %q is not a number of lines", text), nil)
			return
		}
		q.Tail = n
	}
	from, err := k.house.Logs(mux.Vars(r)["name"], q)
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	defer from.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.Copy(w, from)
}
