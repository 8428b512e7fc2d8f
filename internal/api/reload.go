package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"golang.org/x/sys/unix"

	"initiator/internal/supervise"
	"initiator/proactor"
)

// plan answers GET /plan: what a reload would do.
func (k workers) plan(w http.ResponseWriter, r *http.Request) {
	got, err := k.house.Changes()
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, got)
}

// reload answers POST /reload. Workers that do not come up are in the answer's
// error; the reload has happened all the same.
func (k workers) reload(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}) {
		return
	}
	got, err := k.house.Reload(r.Context())
	var faults proactor.Faults
	if errors.As(err, &faults) || err != nil && len(got.Workers) == 0 {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, struct {
		Changes
		Error string `json:"error,omitempty"`
	}{got, said(err)})
}

// scale answers POST /workers/{name}/scale with all workers. Those that do not
// come up are in the answer's error; there are as many as asked all the same.
func (k workers) scale(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Replicas *int `json:"replicas"`
	}
	if !read(w, r, &body) {
		return
	}
	if body.Replicas == nil || *body.Replicas < 0 || *body.Replicas > 10_000 {
		proactor.BadBody.Write(w, `"replicas" must be a number from 0 to 10000`, nil)
		return
	}
	err := k.house.Scale(r.Context(), mux.Vars(r)["name"], *body.Replicas)
	var notUp *supervise.NotUpError
	if err != nil && !errors.As(err, &notUp) {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, struct {
		Workers []supervise.Worker `json:"workers"`
		Error   string             `json:"error,omitempty"`
	}{k.house.Workers(), said(err)})
}

// said is the text of an error; "" = none.
func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// signal answers POST /workers/signal.
func (k workers) signal(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names  []string `json:"names"`
		Signal string   `json:"signal"`
	}
	if !read(w, r, &body) {
		return
	}
	n := signalOf(body.Signal)
	switch {
	case len(body.Names) == 0:
		proactor.BadBody.Write(w, `"names" is empty: name workers, definitions or "all"`, nil)
	case n == 0:
		proactor.BadBody.Write(w, "there is no signal "+strconv.Quote(body.Signal)+"; name one such as HUP, or give its number", nil)
	default:
		if err := k.house.Signal(r.Context(), n, body.Names...); err != nil {
			fail(w, r, k.house, err)
			return
		}
		write(w, http.StatusOK, map[string]bool{"sent": true})
	}
}

// signalOf reads HUP, SIGHUP or 1; 0 when it is no signal.
func signalOf(text string) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 64 {
		return n
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	return int(unix.SignalNum(name))
}

// why answers GET /workers/{name}/why.
func (k workers) why(w http.ResponseWriter, r *http.Request) {
	got, err := k.house.Why(r.Context(), mux.Vars(r)["name"])
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, map[string]any{"answers": got})
}
