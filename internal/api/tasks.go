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

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// maxWait bounds ?wait=, so that a connection that its client has forgotten does
// not stay for ever.
const maxWait = 10 * time.Minute

// submitTask answers POST /tasks: 201 with the record, or 200 with the record of a
// task that is known already. With ?wait= it is the record at the end of the task,
// or when the wait is over.
func (h *handlers) submitTask(w http.ResponseWriter, r *http.Request) {
	wait, ok := parseWait(w, r)
	if !ok {
		return
	}
	var q task.Request
	if !readJSON(w, r, &q) {
		return
	}
	got, err := submitAndWait(r.Context(), h.tasksFor(r), q, wait, heldBodyOf(r))
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	w.Header().Set("Location", "/api/v1/tasks/"+got.ID.String())
	if got.Known {
		writeRecord(w, http.StatusOK, got)
		return
	}
	writeRecord(w, http.StatusCreated, got)
}

// submitAndWait submits a task and waits for its end. The body of the request is
// released when the task is stored, because the wait may be long.
func submitAndWait(ctx context.Context, tasks taskRequests, q task.Request, wait time.Duration, body *heldBody) (task.Task, error) {
	if wait > 0 && !body.holdsAny() {
		return waitAtMost(ctx, wait, func(ctx context.Context) (task.Task, error) { return tasks.Call(ctx, q) })
	}
	stored, err := tasks.Submit(ctx, q)
	body.release()
	if err != nil || wait <= 0 || stored.Pool == "" { // the task of another submitter cannot be waited for
		return stored, err
	}
	got, err := waitAtMost(ctx, wait, func(ctx context.Context) (task.Task, error) { return tasks.Wait(ctx, stored.ID) })
	got.Known = stored.Known
	return got, err
}

// getTask answers GET /tasks/{id}.
func (h *handlers) getTask(w http.ResponseWriter, r *http.Request) {
	id, ok := parseTaskID(w, r)
	if !ok {
		return
	}
	wait, ok := parseWait(w, r)
	if !ok {
		return
	}
	if wait > 0 {
		got, err := waitAtMost(r.Context(), wait, func(ctx context.Context) (task.Task, error) { return h.tasksFor(r).Wait(ctx, id) })
		if err != nil {
			h.writeError(w, r, err)
			return
		}
		answerTask(w, http.StatusOK, got)
		return
	}
	got, err := h.openTask(r, id)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	defer got.Close()
	got.Task.Reason = h.Pools.WaitingReasons()(got.Task)
	writeTask(w, http.StatusOK, got)
}

// openTask opens a task with the authority of the sender of r.
func (h *handlers) openTask(r *http.Request, id uuid.UUID) (*queue.TaskReader, error) {
	if _, ok := callingWorker(r); ok {
		if _, err := h.tasksFor(r).Get(r.Context(), id); err != nil {
			return nil, err
		}
	}
	return h.Tasks.OpenTask(r.Context(), id)
}

// waitAtMost calls end with a time limit. When the time is over first, the record
// as it is then is no error.
func waitAtMost(ctx context.Context, wait time.Duration, end func(context.Context) (task.Task, error)) (task.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	got, err := end(ctx)
	if errors.Is(err, context.DeadlineExceeded) && got.ID != uuid.Nil {
		return got, nil
	}
	return got, err
}

// cancelTask answers POST /tasks/{id}/cancel.
func (h *handlers) cancelTask(w http.ResponseWriter, r *http.Request) {
	h.changeTask(w, r, func(ctx context.Context, id uuid.UUID) (task.Task, error) {
		return h.tasksFor(r).Cancel(ctx, id, cancelReason)
	})
}

// cancelReason is the reason of a task that a client has cancelled.
const cancelReason = "asked for over the API"

// retryTask answers POST /tasks/{id}/retry.
func (h *handlers) retryTask(w http.ResponseWriter, r *http.Request) {
	h.changeTask(w, r, h.Tasks.Retry)
}

func (h *handlers) changeTask(w http.ResponseWriter, r *http.Request, change func(context.Context, uuid.UUID) (task.Task, error)) {
	id, ok := parseTaskID(w, r)
	if !ok || !readJSON(w, r, &struct{}{}) {
		return
	}
	got, err := change(r.Context(), id)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	answerTask(w, http.StatusOK, got)
}

// parseTaskID reads the id in the path. It reports false when it has answered.
func parseTaskID(w http.ResponseWriter, r *http.Request) (uuid.UUID, bool) {
	id, err := decodeTaskID(mux.Vars(r)["id"])
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
	}
	return id, err == nil
}

func decodeTaskID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%q is not a task's id; ids are UUIDs", text)
	}
	return id, nil
}

// parseWait reads ?wait=30s, or seconds as a plain number. It reports false when
// it has answered.
func parseWait(w http.ResponseWriter, r *http.Request) (time.Duration, bool) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, true
	}
	d, err := time.ParseDuration(text)
	if seconds, numeric := strconv.ParseFloat(text, 64); numeric == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		webhook.BadBody.WriteAnswer(w, fmt.Sprintf("wait %q is not a duration such as 30s", text), nil)
		return 0, false
	}
	return min(d, maxWait), true
}
