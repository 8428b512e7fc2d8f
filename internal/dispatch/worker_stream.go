package dispatch

import (
	"sync/atomic"

	"github.com/google/uuid"

	"initiator/internal/bounds"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// workerStream is the stream to one worker. It carries every task whose data is
// at most stream.MaxPayload bytes. The loop writes to it. One goroutine, which
// runs keepStreamOpen, reads from it, and answers heartbeats itself, because
// heartbeats must not wait for the loop.
type workerStream struct {
	d       *Dispatcher
	conn    *workerConn
	session *workerSession
	chirp   *chirp.Conn
	header  stream.WorkerHeader // of the message being read
	// answers collects the answers that arrived together; the loop gets them as
	// one message.
	answers *answersMessage
	// unread counts the messages that the loop has not handled yet. A worker
	// has no more to send than the answers of its tasks. A worker that sends
	// many more loses its stream, before its messages fill the memory.
	unread      atomic.Int32
	unreadLimit int32
	// lateMessages counts the messages that belong to no running attempt. The
	// loop owns it.
	lateMessages int
}

// unreadSlack is how many messages may be unread beyond two for each slot. It
// is also how many late messages are tolerated, because an answer may cross a
// cancel.
const unreadSlack = bounds.StreamUnread

// sendTask implements transport. It returns false for a payload that is too
// large and for a broken stream.
func (l *workerStream) sendTask(r *attempt) bool {
	if len(r.data) > stream.MaxPayload {
		return false
	}
	h := stream.WorkerHeader{Method: r.method, Attempt: r.number, Deadline: r.deadline}
	if l.sendMessage(chirp.ID(r.lease.Task), &h, r.data) != nil {
		return false
	}
	r.reached.Store(true)
	r.stream = l
	return true
}

// sendCancel implements transport.
func (l *workerStream) sendCancel(task uuid.UUID, attempt int) {
	h := stream.WorkerHeader{Kind: stream.KindCancel, Attempt: attempt}
	_ = l.sendMessage(chirp.ID(task), &h, nil) // on a broken stream, the next heartbeat carries the cancel
}

// sendNotice implements transport.
func (l *workerStream) sendNotice() {
	h := stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}
	_ = l.sendMessage(chirp.ID{}, &h, []byte(`{"stopping":true}`)) // on a broken stream, the next heartbeat carries the notice
}

func (l *workerStream) sendMessage(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [128]byte
	return l.chirp.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// closeStream closes the stream, and tells the worker that only the stream has
// ended.
func (l *workerStream) closeStream(why string) {
	l.d.log.Warn("the stream of a worker is closed; the worker gets tasks by webhook", l.d.aboutWorker(l.conn.workerID, "reason", why)...)
	_ = l.sendMessage(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindBye}, nil)
	l.chirp.Close()
}
