package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/dispatch"
	"initiator/internal/queue"
)

// exportTasks answers GET /tasks/export with a line for every task, in the order
// of their submit. When it cannot go on it breaks the connection, so that the
// client does not take a part for all tasks.
func (h *handlers) exportTasks(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(h.life, stop)()
	var out *partWriter
	beginAnswer := func() {
		if out == nil {
			w.Header().Set("Content-Type", ndjsonType)
			w.WriteHeader(http.StatusOK)
			out = newPartWriter(w)
		}
	}
	err := h.Tasks.Export(ctx, func(s *queue.TaskReader) error {
		beginAnswer()
		if err := s.WriteJSON(out); err != nil {
			return err
		}
		return out.WriteByte('\n')
	})
	if err != nil && out == nil {
		h.writeError(w, r, err)
		return
	}
	beginAnswer() // there may be no task
	out.finishLines(err)
}

// importTasks answers POST /tasks/import. It reads the lines that exportTasks
// writes; each has one line of the answer, as in submitBatch.
func (h *handlers) importTasks(w http.ResponseWriter, r *http.Request) {
	h.answerLines(w, r, bounds.ImportLine, func() lineStore { return &recordLines{tasks: h.Tasks} })
}

// recordLines are lines that are records of tasks.
type recordLines struct {
	tasks   *dispatch.Dispatcher
	records []task.Task
}

func (s *recordLines) decodeLine(line []byte) error {
	t, err := queue.ParseExportLine(line)
	if err == nil {
		s.records = append(s.records, t)
	}
	return err
}

func (s *recordLines) storeAll(ctx context.Context) ([]dispatch.BatchLineResult, error) {
	return s.tasks.Import(ctx, s.records)
}

// encodeResult leaves out what the client has sent.
func (s *recordLines) encodeResult(t *task.Task) any {
	return struct {
		ID    uuid.UUID `json:"id"`
		Known bool      `json:"known,omitempty"`
	}{t.ID, t.Known}
}
