package dispatch

import (
	"sync/atomic"

	"github.com/google/uuid"

	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// workerStream is the stream to one worker, the transport for all that is small. The
// loop writes to it; one goroutine, keepStreamOpen's, reads, and answers heartbeats
// itself: these must wait for nobody.
type workerStream struct {
	d       *Dispatcher
	conn    *workerConn
	session *workerSession
	chirp   *chirp.Conn
	header  stream.WorkerHeader // of the message being read
	// answers are the answers that have come in one piece: the loop gets them
	// together.
	answers *answersMessage
	// unread counts the messages that the loop has still to look at. A worker
	// has no more to say than its tasks' answers: one that says much more is
	// cut off, before it fills our memory.
	unread      atomic.Int32
	unreadLimit int32
	// lateMessages counts, for the loop, those that meant nothing that it runs.
	lateMessages int
}

// unreadSlack is how many messages beyond two for each slot may wait, and how
// many may mean nothing: an answer may cross a cancel now and then.
const unreadSlack = 1024

// sendTask implements transport.
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
	_ = l.sendMessage(chirp.ID(task), &h, nil) // broken: the next heartbeat tells
}

func (l *workerStream) sendMessage(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [128]byte
	return l.chirp.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// closeStream ends the stream and tells the worker that nothing else has ended.
func (l *workerStream) closeStream(why string) {
	l.d.log.Warn("a stream is closed; its worker gets tasks by webhook", "worker", l.conn.workerID, "reason", why)
	_ = l.sendMessage(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindBye}, nil)
	l.chirp.Close()
}
