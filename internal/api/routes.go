package api

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"
	"github.com/hashicorp/go-hclog"

	"initiator/internal/bytebudget"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// handlers answer the requests. Their methods may run in any number of
// goroutines.
type handlers struct {
	*Services
	life        context.Context // of the server: its end ends answers without an end of their own
	log         hclog.Logger
	token       *apiToken
	url         string            // of the API on TCP
	config      string            // Options.Config, escaped
	onLoopback  bool              // only programs on this machine can connect over TCP
	openStreams *sync.WaitGroup   // counts the streams of clients
	bodies      *bytebudget.Table // of the bodies of clients' requests, and of the data on their streams
	resultBody  int64             // bytes, the longest body that reports the end of a task
}

// newRouter answers the requests of plainRoutes without mux, because the webhooks are
// the hot path, and everything else through mux, behind authMiddleware. A request
// that a web page of another site has caused is refused on every path.
func newRouter(h *handlers) http.Handler {
	plain := h.plainRoutes()
	rest := h.authMiddleware(h.newRoutes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch route, ok := plain[r.URL.Path]; {
		case h.isFromOtherSite(r):
			refuseOtherSite(w)
		case ok:
			route(w, r)
		case strings.HasPrefix(r.URL.Path, configPath):
			h.getConfig(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
}

// plainRoutes are the requests that check the authority of their sender themselves,
// by path. configPath is one more.
func (h *handlers) plainRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/slave/heartbeat":     h.recordHeartbeat,
		"/slave/task/complete": func(w http.ResponseWriter, r *http.Request) { h.recordResult(w, r, false) },
		"/slave/task/fail":     func(w http.ResponseWriter, r *http.Request) { h.recordResult(w, r, true) },
		"/ping":                h.pingMaster,
		"/shutdown":            h.shutdownMaster,
		"/healthz":             h.getHealth,
	}
}

func (h *handlers) newRoutes() *mux.Router {
	r := mux.NewRouter()
	handle := func(method, path string, f http.HandlerFunc, parameters ...string) *mux.Route {
		return r.HandleFunc("/api/v1"+path, checkQuery(f, parameters...)).Methods(method)
	}
	r.HandleFunc("/stream", checkQuery((&streamServer{handlers: h, node: chirp.NewID()}).openStream)).Methods("GET")
	handle("GET", "/tasks/export", h.exportTasks)
	handle("POST", "/tasks/import", h.importTasks)
	handle("POST", "/tasks", h.submitBatch, "wait").HeadersRegexp("Content-Type", "^"+ndjsonType)
	handle("POST", "/tasks", h.submitTask, "wait")
	handle("GET", "/tasks", h.listTasks, "pool", "state", "limit", "after", "data")
	handle("POST", "/tasks/retry", h.retryTasks)
	handle("GET", "/tasks/events", h.streamPoolEvents, "pool", "retries")
	handle("GET", "/tasks/check", h.checkTasks)
	handle("POST", "/tasks/check/accept", h.acceptDamage)
	handle("GET", "/tasks/{id}/events", h.streamTaskEvents)
	handle("GET", "/tasks/{id}", h.getTask, "wait")
	handle("POST", "/tasks/{id}/cancel", h.cancelTask)
	handle("POST", "/tasks/{id}/retry", h.retryTask)
	handle("GET", "/pools", h.listPools)
	handle("POST", "/pools/{verb:pause|resume}", h.pausePools)
	handle("GET", "/workers", h.listWorkers)
	handle("POST", "/workers", h.launchWorker)
	handle("POST", "/workers/{verb:start|stop|restart|reload|clear}", h.orderWorkers)
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
	handle("POST", "/token/rotate", h.rotateToken)
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
