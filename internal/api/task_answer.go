package api

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"strconv"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// wholeAnswer is the length of the payloads, in bytes, up to which the answer with a
// task is made in memory first, so that it can have a Content-Length. A longer
// answer is written in parts.
const wholeAnswer = 64 << 10

// answerBuffer is how many bytes of an answer are collected for one write.
const answerBuffer = 32 << 10

// writeTask answers with the record of a task.
func writeTask(w http.ResponseWriter, status int, s *queue.TaskReader) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if s.PayloadLength() > wholeAnswer {
		w.WriteHeader(status)
		out := newPartWriter(w)
		out.finish(s.WriteJSON(out))
		return
	}
	var body bytes.Buffer
	if err := s.WriteJSON(&body); err != nil {
		webhook.Internal.WriteAnswer(w, err.Error(), nil)
		return
	}
	body.WriteByte('\n')
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // fails when the client has gone away
}

// partWriter writes a long answer in parts.
type partWriter struct{ *bufio.Writer }

func newPartWriter(w http.ResponseWriter) *partWriter {
	return &partWriter{bufio.NewWriterSize(w, answerBuffer)}
}

// finish ends an answer that is one line.
func (p *partWriter) finish(err error) {
	if err == nil {
		err = p.WriteByte('\n')
	}
	p.finishLines(err)
}

// finishLines ends the answer. When it cannot be complete, the connection breaks, so
// that the client does not take a part for all.
func (p *partWriter) finishLines(err error) {
	if err == nil {
		err = p.Flush()
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// answerTask answers with a task in memory.
func answerTask(w http.ResponseWriter, status int, t task.Task) {
	writeTask(w, status, queue.NewTaskReader(t))
}

// writeTasks writes the tasks of a page between the brackets of an array.
func (h *handlers) writeTasks(ctx context.Context, out *partWriter, page queue.Selection, f task.Filter) error {
	first := true
	explain := h.Pools.WaitingReasons()
	return h.Tasks.EachTask(ctx, page.IDs, func(s *queue.TaskReader) error {
		if f.State != "" && s.Task.State != f.State {
			return nil // it has changed since the page was chosen
		}
		if !f.Data {
			s.DropPayloads()
		}
		s.Task.Reason = explain(s.Task)
		if !first {
			if err := out.WriteByte(','); err != nil {
				return err
			}
		}
		first = false
		return s.WriteJSON(out)
	})
}
