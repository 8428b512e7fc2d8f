package dispatch

import (
	"bytes"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"initiator/internal/stream"
	"initiator/proactor"
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

// receiveMessage takes one message of the worker's.
func (l *workerStream) receiveMessage(m *chirp.Message) {
	if err := l.header.Parse(m.Header); err != nil {
		l.closeStream(err.Error())
		return
	}
	switch l.header.Kind {
	case stream.KindAnswer:
		l.receiveAnswer(m)
	case stream.KindProgress:
		l.receiveProgress(m)
	case stream.KindOutput:
		l.receiveOutput(m)
	case stream.KindHeartbeat:
		l.receiveHeartbeat(m)
	}
}

// closeStream ends the stream and tells the worker that nothing else has ended.
func (l *workerStream) closeStream(why string) {
	l.d.log.Warn("a stream is closed; its worker gets tasks by webhook", "worker", l.conn.workerID, "reason", why)
	_ = l.sendMessage(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindBye}, nil)
	l.chirp.Close()
}

// putMessage puts what came in some messages into the loop's box, unless that is too
// much.
func (l *workerStream) putMessage(m message, messages int) {
	if l.unread.Add(int32(messages)) > l.unreadLimit {
		l.closeStream("it says more than it was asked")
		return
	}
	l.d.mailbox.Put(m)
}

// flushAnswers is called when everything that has arrived has been read.
func (l *workerStream) flushAnswers() {
	if m := l.answers; m != nil {
		l.answers = nil
		l.putMessage(m, len(m.list))
	}
}

// receiveAnswer brings the loop what became of an attempt. The payload is checked
// here and copied, in the worker's own goroutine, and not looked at again.
func (l *workerStream) receiveAnswer(m *chirp.Message) {
	if l.answers == nil {
		l.answers = answersPool.Get().(*answersMessage)
		l.answers.stream = l
	}
	h := &l.header
	l.answers.list = append(l.answers.list, streamAnswer{task: uuid.UUID(m.Identity), attempt: h.Attempt})
	a := &l.answers.list[len(l.answers.list)-1]
	data := json.RawMessage("null")
	if len(m.Data) > 0 {
		data = bytes.Clone(m.Data)
	}
	switch {
	case !json.Valid(data):
		a.outcome = failed("what the worker answered is not JSON")
	case h.Status == stream.StatusRefused:
		a.refused(h, data)
	default:
		a.outcome = proactor.TaskAnswer{Status: h.Status, Result: data, Retry: h.Retry}
	}
}

// failed is a final failure in a worker's words.
func failed(why string) proactor.TaskAnswer {
	return proactor.TaskAnswer{Status: stream.StatusFailed, Result: finalFailure(why).Result}
}

// answersMessage is the answers that came by stream one behind the other.
type answersMessage struct {
	stream *workerStream
	list   []streamAnswer
}

// answersPool are messages that nobody uses; their lists keep their memory.
var answersPool = sync.Pool{New: func() any { return &answersMessage{list: make([]streamAnswer, 0, 16)} }}

func (m *answersMessage) applyMessage(d *Dispatcher, now time.Time) {
	m.stream.unread.Add(-int32(len(m.list)))
	for i := range m.list {
		m.list[i].applyMessage(d, m.stream, now)
	}
	clear(m.list)
	m.stream, m.list = nil, m.list[:0]
	answersPool.Put(m)
}

// streamAnswer is one of them.
type streamAnswer struct {
	task    uuid.UUID
	attempt int
	posted  posted
	outcome proactor.TaskAnswer
}

// refused makes of a refusal what the webhook would have answered.
func (m *streamAnswer) refused(h *stream.WorkerHeader, data json.RawMessage) {
	m.posted.envelope = proactor.Envelope{Code: h.Code, Data: data}
	if h.Code == 0 {
		m.posted.envelope.Code = proactor.TaskRefused.Code
	}
	if h.RetryAfter > 0 && retryAfter(data) == 0 {
		m.posted.envelope.Data, _ = json.Marshal(map[string]float64{"retry_after": h.RetryAfter.Seconds()})
	}
	m.posted.envelope.Message = "the worker refused it"
}

func (m *streamAnswer) applyMessage(d *Dispatcher, l *workerStream, now time.Time) {
	r := l.conn.running[m.task]
	if r == nil || !r.matches(m.attempt) {
		l.countLateMessage()
		if d.log.IsDebug() {
			d.log.Debug("a superseded result changes nothing", "task", m.task, "attempt", m.attempt, "worker", l.conn.workerID)
		}
		return
	}
	if m.outcome.Status != "" {
		m.posted.outcome = &m.outcome
	}
	postedMessage{l.conn, r, m.posted}.applyMessage(d, now)
}

// receiveProgress brings the loop what a running handler says of itself.
func (l *workerStream) receiveProgress(m *chirp.Message) {
	if !json.Valid(m.Data) {
		l.closeStream("what it says of a task's progress is not JSON")
		return
	}
	l.putMessage(&progressMessage{l, uuid.UUID(m.Identity), proactor.Running{Attempt: l.header.Attempt, Seq: l.header.Seq, Progress: bytes.Clone(m.Data)}}, 1)
}

// countLateMessage notes a message that meant nothing.
func (l *workerStream) countLateMessage() {
	if l.lateMessages++; l.lateMessages == unreadSlack {
		l.closeStream("it speaks of tasks that it does not run")
	}
}

type progressMessage struct {
	stream *workerStream
	task   uuid.UUID
	said   proactor.Running
}

func (m *progressMessage) applyMessage(d *Dispatcher, now time.Time) {
	m.stream.unread.Add(-1)
	r := m.stream.conn.running[m.task]
	if r == nil || !r.matches(m.said.Attempt) {
		m.stream.countLateMessage()
		return
	}
	d.renewLease(r, m.said, now)
}

// receiveHeartbeat takes a heartbeat and answers it, whatever the loop is doing. One of
// another incarnation is not answered.
func (l *workerStream) receiveHeartbeat(m *chirp.Message) {
	body := &proactor.HeartbeatBody{}
	if err := json.Unmarshal(m.Data, body); err != nil {
		l.closeStream("a heartbeat is no JSON: " + err.Error())
		return
	}
	answer, ok := l.session.recordHeartbeat(body)
	if !ok {
		return
	}
	var data []byte
	if answer != nil && (answer.Quiet || answer.Stop) {
		// What is to be cancelled was said already, by attempt.
		data, _ = json.Marshal(proactor.HeartbeatAnswer{Quiet: answer.Quiet, Stop: answer.Stop})
	}
	_ = l.sendMessage(m.Identity, &stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, data) // broken: the next one comes by webhook
}
