package dispatch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/stream"
	"initiator/internal/strictjson"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// receiveMessage handles one message from the worker. The reading goroutine
// calls it.
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

// putMessage sends the loop the content of that many messages, unless too many
// are unread.
func (l *workerStream) putMessage(m message, messages int) {
	if l.unread.Add(int32(messages)) > l.unreadLimit {
		l.closeStream("the worker sent too many messages that no task explains")
		return
	}
	l.d.mailbox.Put(m)
}

// maxAnswers is how many answers are collected for one message to the loop. A
// worker that never stops to send must not be read for ever before the answers
// count as unread.
const maxAnswers = 256

// flushAnswers sends the collected answers to the loop. The connection calls it
// when everything that has arrived was read.
func (l *workerStream) flushAnswers() {
	if m := l.answers; m != nil {
		l.answers = nil
		l.putMessage(m, len(m.list))
	}
}

// receiveAnswer converts the outcome of an attempt. The payload is checked and
// copied here, in the worker's own goroutine; the loop does not look into it.
func (l *workerStream) receiveAnswer(m *chirp.Message) {
	if l.answers == nil {
		l.answers = answersPool.Get().(*answersMessage)
		l.answers.stream = l
	}
	if len(l.answers.list) >= maxAnswers {
		l.flushAnswers()
		l.answers = answersPool.Get().(*answersMessage)
		l.answers.stream = l
	}
	h := &l.header
	l.answers.list = append(l.answers.list, streamAnswer{task: uuid.UUID(m.Identity), number: h.Attempt})
	a := &l.answers.list[len(l.answers.list)-1]
	data := json.RawMessage("null")
	if len(m.Data) > 0 {
		data = bytes.Clone(m.Data)
	}
	switch {
	case bounds.CheckNesting(data) == nil && !json.Valid(data):
		a.result = transportResult{status: attemptEnded, outcome: finalFailure("the worker's answer is not JSON")}
	case h.Status == stream.StatusRefused:
		a.result = transportResult{status: attemptRefused, refusal: streamRefusal(h, data)}
	default:
		a.result = transportResult{status: attemptEnded, outcome: taskOutcome(h.Status == stream.StatusFailed, h.Retry, data)}
	}
}

// streamRefusal converts a refusal. A retry_after in the data takes precedence
// over retry_after in the header.
func streamRefusal(h *stream.WorkerHeader, data json.RawMessage) refusal {
	r := refusal{code: h.Code, message: cmp.Or(failureMessage(data), "the worker refused the task"), retryAfter: retryAfter(data, maxRetryAfter)}
	if r.code == 0 {
		r.code = webhook.TaskRefused.Number
	}
	if r.retryAfter == 0 {
		r.retryAfter = min(h.RetryAfter, maxRetryAfter)
	}
	return r
}

// answersMessage holds answers that arrived together on one stream.
type answersMessage struct {
	stream *workerStream
	list   []streamAnswer
}

// answersPool holds messages that are not in use. Their lists keep their
// memory.
var answersPool = sync.Pool{New: func() any { return &answersMessage{list: make([]streamAnswer, 0, 16)} }}

func (m *answersMessage) applyMessage(_ *Dispatcher, now time.Time) {
	m.stream.unread.Add(-int32(len(m.list)))
	for i := range m.list {
		m.stream.applyAnswer(&m.list[i], now)
	}
	clear(m.list)
	m.stream, m.list = nil, m.list[:0]
	answersPool.Put(m)
}

// streamAnswer is one answer of a worker.
type streamAnswer struct {
	task   uuid.UUID
	number int
	result transportResult
}

// applyAnswer applies an answer to the attempt that it belongs to. The loop
// calls it.
func (l *workerStream) applyAnswer(a *streamAnswer, now time.Time) {
	r := l.conn.running[a.task]
	if r == nil || !r.matches(a.number) {
		l.countLateMessage()
		if l.d.log.IsDebug() {
			l.d.log.Debug("a superseded result changes nothing", "task", a.task, "attempt", a.number, "worker", l.conn.workerID)
		}
		return
	}
	l.d.applyResult(l.conn, r, &a.result, now)
}

// receiveProgress sends the loop what a running handler reports about its
// progress.
func (l *workerStream) receiveProgress(m *chirp.Message) {
	if bounds.CheckNesting(m.Data) == nil && !json.Valid(m.Data) {
		l.closeStream("the progress of a task is not JSON")
		return
	}
	l.putMessage(&progressMessage{l, uuid.UUID(m.Identity), webhook.RunningTask{Attempt: l.header.Attempt, Seq: l.header.Seq, Progress: bytes.Clone(m.Data)}}, 1)
}

// countLateMessage counts a message that belongs to no running attempt.
func (l *workerStream) countLateMessage() {
	if l.lateMessages++; l.lateMessages == unreadSlack {
		l.closeStream("the worker sent too many messages about tasks that it does not run")
	}
}

type progressMessage struct {
	stream *workerStream
	task   uuid.UUID
	said   webhook.RunningTask
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

// receiveHeartbeat records a heartbeat and answers it, whatever the loop is
// doing. A heartbeat of another incarnation is not answered. A heartbeat that
// lists too many tasks ends the stream.
func (l *workerStream) receiveHeartbeat(m *chirp.Message) {
	body := &webhook.HeartbeatBody{}
	if err := json.Unmarshal(m.Data, body); err != nil {
		l.closeStream("a heartbeat is not the JSON expected here: " + strictjson.ExplainDecode(err).Error())
		return
	}
	answer, err := l.d.recordHeartbeat(l.session, body)
	var tooMany *ListedTasksError
	if errors.As(err, &tooMany) {
		l.closeStream(err.Error())
	}
	if err != nil {
		return
	}
	var data []byte
	if answer != nil && (answer.Stopping || answer.Quiet || answer.Stop) {
		// The cancels were sent already, by attempt number.
		data, _ = json.Marshal(webhook.HeartbeatAnswer{Stopping: answer.Stopping, Quiet: answer.Quiet, Stop: answer.Stop})
	}
	_ = l.sendMessage(m.Identity, &stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, data) // on a broken stream, the worker's next heartbeat comes by webhook
}

// receiveOutput sends the loop what a running handler has written.
func (l *workerStream) receiveOutput(m *chirp.Message) {
	if !utf8.Valid(m.Data) {
		l.closeStream("the output of a task is not UTF-8")
		return
	}
	l.putMessage(&outputMessage{l, uuid.UUID(m.Identity), l.header.Attempt, task.Output{At: int64(l.header.Seq), Text: string(m.Data)}}, 1)
}

type outputMessage struct {
	stream  *workerStream
	task    uuid.UUID
	attempt int
	said    task.Output
}

func (m *outputMessage) applyMessage(d *Dispatcher, now time.Time) {
	m.stream.unread.Add(-1)
	r := m.stream.conn.running[m.task]
	if r == nil || !r.matches(m.attempt) {
		m.stream.countLateMessage()
		return
	}
	d.recordOutput(r, m.said, now)
}
