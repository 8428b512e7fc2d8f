package api

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"
	"github.com/hashicorp/go-hclog"

	"initiator/proactor"
	"initiator/proactor/chirp"
)

// router answers the webhooks by a plain switch, because they are the hot
// path, and everything else through mux, behind the guard. Answers without an
// end of their own last as long as life, and so do streams, which open counts.
func router(life context.Context, h House, token string, log hclog.Logger, open *sync.WaitGroup) http.Handler {
	hooks := &webhooks{house: h, token: token}
	rest := guard(token, h, routes(life, h, log, &streams{house: h, life: life, log: log, node: chirp.NewID(), all: open}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slave/heartbeat":
			hooks.heartbeat(w, r)
		case "/slave/task/complete":
			hooks.result(w, r, false)
		case "/slave/task/fail":
			hooks.result(w, r, true)
		case "/ping":
			hooks.ping(w, r)
		case "/shutdown":
			hooks.shutdown(w, r)
		case "/healthz":
			write(w, http.StatusOK, map[string]string{"status": "ok"})
		default:
			if strings.HasPrefix(r.URL.Path, configPath) {
				turberfield{h}.config(w, r) // under the worker's own token
				return
			}
			rest.ServeHTTP(w, r)
		}
	})
}

func routes(life context.Context, h House, log hclog.Logger, s *streams) http.Handler {
	r := mux.NewRouter()
	handle := func(method, path string, f http.HandlerFunc) { r.HandleFunc("/api/v1"+path, f).Methods(method) }
	r.HandleFunc("/stream", s.open).Methods("GET")
	t := tasks{h}
	b := batches{h, life}
	handle("GET", "/tasks/export", b.export)
	handle("POST", "/tasks/import", b.imports)
	r.HandleFunc("/api/v1/tasks", b.submit).Methods("POST").HeadersRegexp("Content-Type", "^"+ndjsonType)
	handle("POST", "/tasks", t.submit)
	handle("GET", "/tasks", t.list)
	handle("POST", "/tasks/retry", t.retryAll)
	n := taskEvents{h, life}
	handle("GET", "/tasks/events", n.pool)
	handle("GET", "/tasks/{id}/events", n.one)
	handle("GET", "/tasks/{id}", t.get)
	handle("POST", "/tasks/{id}/cancel", t.cancel)
	handle("POST", "/tasks/{id}/retry", t.retry)
	p := taskPools{h}
	handle("GET", "/pools", p.list)
	handle("POST", "/pools/{verb:pause|resume}", p.pause)
	k := workers{h, life}
	handle("GET", "/workers", k.list)
	handle("POST", "/workers", k.launch)
	handle("POST", "/workers/{verb:start|stop|restart|clear}", k.order)
	handle("POST", "/workers/signal", k.signal)
	handle("POST", "/workers/{name}/scale", k.scale)
	handle("GET", "/workers/{name}/why", k.why)
	handle("GET", "/workers/{name}/logs", k.logs)
	handle("GET", "/log", k.ownLog)
	handle("POST", "/logs/reopen", k.reopen)
	handle("GET", "/plan", k.plan)
	handle("POST", "/reload", k.reload)
	handle("GET", "/events", events{h, log, life}.stream)
	handle("GET", "/status", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, h.Status()) })
	handle("POST", "/shutdown", shutdown(h))
	handle("POST", "/upgrade", upgrade(h))
	f := turberfield{h}
	r.HandleFunc("/create", f.create).Methods("POST")
	r.HandleFunc("/job", f.jobs).Methods("GET")
	r.HandleFunc("/job/{guid}", f.job).Methods("GET")
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proactor.NotFound.Write(w, "there is nothing at "+r.URL.Path, nil)
	})
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" does not take "+r.Method, nil)
	})
	return r
}

// shutdown begins the end of the initiator. The answer comes first.
func shutdown(h House) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Kill bool `json:"kill"`
		}
		if !read(w, r, &body) {
			return
		}
		write(w, http.StatusAccepted, map[string]bool{"stopping": true})
		h.Shutdown(body.Kill)
	}
}
