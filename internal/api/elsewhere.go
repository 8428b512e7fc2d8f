package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
)

// Elsewhere is the part about taking tasks from one initiator to another.
type Elsewhere interface {
	ExportTasks(ctx context.Context, f func([]task.Task) error) error
	ImportTasks(ctx context.Context, tasks []task.Task) ([]dispatch.BatchLineResult, error)
}

// export answers GET /tasks/export with a line for every task, in the order of
// their submit. What cannot be gone on with is broken off, so that nobody takes
// it for all there is.
func (b batches) export(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(b.life, stop)()
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	began := false
	begin := func() {
		if !began {
			began = true
			w.Header().Set("Content-Type", ndjsonType)
			w.WriteHeader(http.StatusOK)
		}
	}
	err := b.house.ExportTasks(ctx, func(some []task.Task) error {
		begin()
		_ = control.SetWriteDeadline(time.Now().Add(readTimeout))
		for i := range some {
			if err := out.Encode(&some[i]); err != nil {
				return err
			}
		}
		return control.Flush()
	})
	switch {
	case err == nil:
		begin() // there may be none
	case !began:
		fail(w, r, b.house, err)
	default:
		panic(http.ErrAbortHandler)
	}
}

// imports answers POST /tasks/import: lines as export writes them, each with
// one line of the answer, as with many submits.
func (b batches) imports(w http.ResponseWriter, r *http.Request) {
	b.stream(w, r, task.MaxLine, func() taker { return &arrivals{house: b.house} })
}

// arrivals are lines that are records.
type arrivals struct {
	house House
	tasks []task.Task
}

func (a *arrivals) read(line []byte) error {
	t, err := task.ReadLine(line)
	if err == nil {
		a.tasks = append(a.tasks, t)
	}
	return err
}

func (a *arrivals) take(ctx context.Context) ([]dispatch.BatchLineResult, error) {
	return a.house.ImportTasks(ctx, a.tasks)
}

// shown says no more than what has become of it: whoever sent it has the rest.
func (a *arrivals) shown(t *task.Task) any {
	return struct {
		ID    uuid.UUID `json:"id"`
		Known bool      `json:"known,omitempty"`
	}{t.ID, t.Known}
}
