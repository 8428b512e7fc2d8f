package api

import (
	"net/http"

	"github.com/gorilla/mux"
	"github.com/hashicorp/go-hclog"

	"initiator/proactor"
)

// router answers the webhooks by a plain switch, because they are the hot
// path, and everything else through mux, behind the guard.
func router(h House, token string, log hclog.Logger) http.Handler {
	hooks := &webhooks{house: h, token: token}
	rest := guard(token, routes(h, log))
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
			rest.ServeHTTP(w, r)
		}
	})
}

func routes(h House, log hclog.Logger) http.Handler {
	r := mux.NewRouter()
	v1 := r.PathPrefix("/api/v1").Subrouter()
	t := tasks{h}
	v1.HandleFunc("/tasks", t.submit).Methods("POST")
	v1.HandleFunc("/tasks", t.list).Methods("GET")
	v1.HandleFunc("/tasks/{id}", t.get).Methods("GET")
	v1.HandleFunc("/tasks/{id}/cancel", t.cancel).Methods("POST")
	v1.HandleFunc("/tasks/{id}/retry", t.retry).Methods("POST")
	k := workers{h}
	v1.HandleFunc("/workers", k.list).Methods("GET")
	v1.HandleFunc("/workers", k.launch).Methods("POST")
	v1.HandleFunc("/workers/{verb:start|stop|restart}", k.order).Methods("POST")
	v1.HandleFunc("/workers/{name}/logs", k.logs).Methods("GET")
	v1.HandleFunc("/events", events{h, log}.stream).Methods("GET")
	v1.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, h.Status()) }).Methods("GET")
	v1.HandleFunc("/shutdown", shutdown(h)).Methods("POST")
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proactor.NotFound.Write(w, "there is nothing at "+r.URL.Path, nil)
	})
	v1.NotFoundHandler = r.NotFoundHandler
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" does not take "+r.Method, nil)
	})
	v1.MethodNotAllowedHandler = r.MethodNotAllowedHandler
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
