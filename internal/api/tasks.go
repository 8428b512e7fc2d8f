package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"initiator/internal/queue"
	"initiator/proactor"
)

type tasks struct{ house House }

// maxWait bounds ?wait=, so that a forgotten connection does not stay for ever.
const maxWait = 10 * time.Minute

// submit answers POST /tasks. 201 with the record, or 200 with that of the task
// that is known already; with ?wait= the record is that of the task's end, or
// of the moment when the wait was over.
func (t tasks) submit(w http.ResponseWriter, r *http.Request) {
	wait, ok := waitOf(w, r)
	if !ok {
		return
	}
	var q task.Request
	if !read(w, r, &q) {
		return
	}
	if !mayBear(w, r, t.house, q) {
		return
	}
	got, err := t.submitted(r.Context(), q, wait)
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	w.Header().Set("Location", "/api/v1/tasks/"+got.ID.String())
	if got.Known {
		write(w, http.StatusOK, got)
		return
	}
	write(w, http.StatusCreated, got)
}

// get answers GET /tasks/{id}.
func (t tasks) get(w http.ResponseWriter, r *http.Request) {
	id, ok := idOf(w, r)
	if !ok {
		return
	}
	wait, ok := waitOf(w, r)
	if !ok {
		return
	}
	var got task.Task
	var err error
	if wait > 0 {
		got, err = t.await(r.Context(), id, wait)
	} else {
		got, err = t.house.Task(r.Context(), id)
	}
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	write(w, http.StatusOK, got)
}

// submitted submits a task and waits for its end, as long as it may.
func (t tasks) submitted(ctx context.Context, q task.Request, wait time.Duration) (task.Task, error) {
	if wait <= 0 {
		return t.house.Submit(ctx, q)
	}
	return within(ctx, wait, func(ctx context.Context) (task.Task, error) { return t.house.Call(ctx, q) })
}

// await waits for the end of a task, as long as it may.
func (t tasks) await(ctx context.Context, id uuid.UUID, wait time.Duration) (task.Task, error) {
	return within(ctx, wait, func(ctx context.Context) (task.Task, error) { return t.house.Wait(ctx, id) })
}

// within waits for an end; when the time is over first, the record as it is
// then is no error.
func within(ctx context.Context, wait time.Duration, end func(context.Context) (task.Task, error)) (task.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	got, err := end(ctx)
	if errors.Is(err, context.DeadlineExceeded) && got.ID != uuid.Nil {
		return got, nil
	}
	return got, err
}

// list answers GET /tasks?pool=&state=&limit=.
func (t tasks) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := task.Filter{Pool: q.Get("pool"), State: task.State(q.Get("state"))}
	if f.State != "" && !f.State.Valid() {
		proactor.BadBody.Write(w, fmt.Sprintf("state %q does not exist; there is queued, running, completed, failed, cancelled, dead", f.State), nil)
		return
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10_000 {
			proactor.BadBody.Write(w, fmt.Sprintf("limit %q is not a number from 1 to 10000", text), nil)
			return
		}
		f.Limit = n
	}
	got, err := t.house.List(r.Context(), f)
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	write(w, http.StatusOK, map[string]any{"tasks": got})
}

// cancel answers POST /tasks/{id}/cancel.
func (t tasks) cancel(w http.ResponseWriter, r *http.Request) {
	t.change(w, r, func(ctx context.Context, id uuid.UUID) (task.Task, error) {
		return t.house.Cancel(ctx, id, "asked for over the API")
	})
}

// retry answers POST /tasks/{id}/retry.
func (t tasks) retry(w http.ResponseWriter, r *http.Request) { t.change(w, r, t.house.Retry) }

func (t tasks) change(w http.ResponseWriter, r *http.Request, do func(context.Context, uuid.UUID) (task.Task, error)) {
	id, ok := idOf(w, r)
	if !ok || !read(w, r, &struct{}{}) {
		return
	}
	got, err := do(r.Context(), id)
	if err != nil {
		fail(w, r, t.house, err)
		return
	}
	write(w, http.StatusOK, got)
}

func idOf(w http.ResponseWriter, r *http.Request) (uuid.UUID, bool) {
	text := mux.Vars(r)["id"]
	id, err := uuid.Parse(text)
	if err != nil {
		proactor.BadBody.Write(w, fmt.Sprintf("%q is not a task's id; ids are UUIDs", text), nil)
	}
	return id, err == nil
}

// waitOf reads ?wait=30s, or seconds as a plain number.
func waitOf(w http.ResponseWriter, r *http.Request) (time.Duration, bool) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, true
	}
	d, err := time.ParseDuration(text)
	if seconds, numeric := strconv.ParseFloat(text, 64); numeric == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		proactor.BadBody.Write(w, fmt.Sprintf("wait %q is not a duration such as 30s", text), nil)
		return 0, false
	}
	return min(d, maxWait), true
}
