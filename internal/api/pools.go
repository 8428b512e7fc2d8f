package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/proactor"
)

// TaskPools is the part about pools and many tasks at once.
type TaskPools interface {
	Batches
	Watchers
	// Pause lets pools rest, or go on; "all" is every one of them.
	Pause(ctx context.Context, paused bool, names ...string) error
	PoolStates(ctx context.Context) ([]Pool, error)
	// RetryAll queues all failed, cancelled or dead tasks again that the
	// filter finds.
	RetryAll(ctx context.Context, f task.Filter) (int, error)
}

// Pool is one pool as a caller sees it.
type Pool struct {
	Name   string      `json:"name"`
	Paused bool        `json:"paused"`
	Tasks  task.Counts `json:"tasks"` // by state
}

type taskPools struct{ house House }

// list answers GET /pools.
func (p taskPools) list(w http.ResponseWriter, r *http.Request) {
	list, err := p.house.PoolStates(r.Context())
	if err != nil {
		fail(w, r, p.house, err)
		return
	}
	write(w, http.StatusOK, map[string]any{"pools": list})
}

// pause answers POST /pools/pause and /pools/resume with all pools as they are
// then. The body names which: {"names": ["adder"]}, or "all".
func (p taskPools) pause(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
	}
	if !read(w, r, &body) {
		return
	}
	if len(body.Names) == 0 {
		proactor.BadBody.Write(w, `"names" is missing: name pools, or "all"`, nil)
		return
	}
	if err := p.house.Pause(r.Context(), mux.Vars(r)["verb"] == "pause", body.Names...); err != nil {
		fail(w, r, p.house, err)
		return
	}
	p.list(w, r)
}

// retryAll answers POST /tasks/retry: {"pool": "adder", "state": "dead"}.
// Without a pool it is every one, without a state the dead.
func (t tasks) retryAll(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Pool  string     `json:"pool"`
		State task.State `json:"state"`
	}
	if !read(w, r, &body) {
		return
	}
	if body.State == "" {
		body.State = task.Dead
	}
	if body.Pool != "" && !slices.Contains(t.house.Pools(), body.Pool) {
		fail(w, r, t.house, &dispatch.UnknownPoolError{Name: body.Pool})
		return
	}
	n, err := t.house.RetryAll(r.Context(), task.Filter{Pool: body.Pool, State: body.State})
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	write(w, http.StatusOK, map[string]int{"retried": n})
}
