package api

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"
	"github.com/hashicorp/go-hclog"

	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// handlers answer the requests. Their methods may run in any number of
// goroutines.
type handlers struct {
	*Services
	life        context.Context // of the server: its end ends answers without an end of their own
	log         hclog.Logger
	token       string          // of the API
	url         string          // of the API on TCP
	openStreams *sync.WaitGroup // counts the streams of clients
}

// newRouter answers the webhooks by a plain switch, because they are the hot path,
// and everything else through mux, behind authMiddleware.
func newRouter(h *handlers) http.Handler {
	rest := h.authMiddleware(h.newRoutes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slave/heartbeat":
			h.recordHeartbeat(w, r)
		case "/slave/task/complete":
			h.recordResult(w, r, false)
		case "/slave/task/fail":
			h.recordResult(w, r, true)
		case "/ping":
			h.pingMaster(w, r)
		case "/shutdown":
			h.shutdownMaster(w, r)
		case "/healthz":
			h.getHealth(w, r)
		default:
			if strings.HasPrefix(r.URL.Path, configPath) {
				h.getConfig(w, r) // needs the worker's own token
				return
			}
			rest.ServeHTTP(w, r)
		}
	})
}

func (h *handlers) newRoutes() http.Handler {
	r := mux.NewRouter()
	handle := func(method, path string, f http.HandlerFunc, parameters ...string) *mux.Route {
		return r.HandleFunc("/api/v1"+path, checkQuery(f, parameters...)).Methods(method)
	}
	r.HandleFunc("/stream", checkQuery((&streamServer{handlers: h, node: chirp.NewID()}).openStream)).Methods("GET")
	handle("GET", "/tasks/export", h.exportTasks)
	handle("POST", "/tasks/import", h.importTasks)
	handle("POST", "/tasks", h.submitBatch, "wait").HeadersRegexp("Content-Type", "^"+ndjsonType)
	handle("POST", "/tasks", h.submitTask, "wait")
	handle("GET", "/tasks", h.listTasks, "pool", "state", "limit")
	handle("POST", "/tasks/retry", h.retryTasks)
	handle("GET", "/tasks/events", h.streamPoolEvents, "pool", "retries")
	handle("GET", "/tasks/{id}/events", h.streamTaskEvents)
	handle("GET", "/tasks/{id}", h.getTask, "wait")
	handle("POST", "/tasks/{id}/cancel", h.cancelTask)
	handle("POST", "/tasks/{id}/retry", h.retryTask)
	handle("GET", "/pools", h.listPools)
	handle("POST", "/pools/{verb:pause|resume}", h.pausePools)
	handle("GET", "/workers", h.listWorkers)
	handle("POST", "/workers", h.launchWorker)
	handle("POST", "/workers/{verb:start|stop|restart|clear}", h.orderWorkers)
	handle("POST", "/workers/signal", h.signalWorkers)
	handle("POST", "/workers/{name}/scale", h.scalePool)
	handle("GET", "/workers/{name}/why", h.explainWorkers)
	handle("GET", "/workers/{name}/logs", h.readLogs, logParameters...)
	handle("GET", "/log", h.readOwnLog, logParameters...)
	handle("POST", "/logs/reopen", h.reopenLogs)
	handle("GET", "/plan", h.showChanges)
	handle("POST", "/reload", h.reloadPlan)
	handle("GET", "/events", h.streamEvents, "since", "follow")
	handle("GET", "/status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, h.Control.Status()) })
	handle("GET", "/backup", h.writeBackup)
	handle("POST", "/shutdown", h.requestShutdown)
	handle("POST", "/upgrade", h.upgradeProgram)
	r.HandleFunc("/create", h.createJob).Methods("POST")
	r.HandleFunc("/job", h.listJobs).Methods("GET")
	r.HandleFunc("/job/{guid}", h.getJob).Methods("GET")
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webhook.NotFound.WriteAnswer(w, "there is nothing at "+r.URL.Path, nil)
	})
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webhook.MethodNotAllowed.WriteAnswer(w, r.URL.Path+" does not take "+r.Method, nil)
	})
	return r
}
