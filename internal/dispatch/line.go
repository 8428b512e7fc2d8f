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

// line is the stream to one worker, the transport for all that is small. The
// loop writes to it; one goroutine, keepLine's, reads, and answers heartbeats
// itself: these must wait for nobody.
type line struct {
	d       *Dispatcher
	p       *peer
	session *session
	conn    *chirp.Conn
	header  stream.WorkerHeader // of the message being read
	// heard are the answers that have come in one piece: the loop gets them
	// together.
	heard *answersMessage
	// unread counts the messages that the loop has still to look at. A worker
	// has no more to say than its tasks' answers: one that says much more is
	// cut off, before it fills our memory.
	unread atomic.Int32
	flood  int32
	// astray counts, for the loop, those that meant nothing that it runs.
	astray int
}

// floodSlack is how many messages beyond two for each slot may wait, and how
// many may mean nothing: an answer may cross a cancel now and then.
const floodSlack = 1024

// give implements transport.
func (l *line) give(r *run) bool {
	if len(r.data) > stream.MaxPayload {
		return false
	}
	h := stream.WorkerHeader{Method: r.method, Attempt: r.try, Deadline: r.ends}
	if l.send(chirp.ID(r.lease.Task), &h, r.data) != nil {
		return false
	}
	r.reached.Store(true)
	r.line = l
	return true
}

// cancel implements transport.
func (l *line) cancel(task uuid.UUID, attempt int) {
	h := stream.WorkerHeader{Kind: stream.KindCancel, Attempt: attempt}
	_ = l.send(chirp.ID(task), &h, nil) // broken: the next heartbeat tells
}

func (l *line) send(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [128]byte
	return l.conn.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// receive takes one message of the worker's.
func (l *line) receive(m *chirp.Message) {
	if err := l.header.Parse(m.Header); err != nil {
		l.hangUp(err.Error())
		return
	}
	switch l.header.Kind {
	case stream.KindAnswer:
		l.answered(m)
	case stream.KindProgress:
		l.progress(m)
	case stream.KindOutput:
		l.output(m)
	case stream.KindHeartbeat:
		l.beat(m)
	}
}

// hangUp ends the stream and tells the worker that nothing else has ended.
func (l *line) hangUp(why string) {
	l.d.log.Warn("a stream is closed; its worker gets tasks by webhook", "worker", l.p.who, "reason", why)
	_ = l.send(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindBye}, nil)
	l.conn.Close()
}

// tell puts what came in some messages into the loop's box, unless that is too
// much.
func (l *line) tell(m message, messages int) {
	if l.unread.Add(int32(messages)) > l.flood {
		l.hangUp("it says more than it was asked")
		return
	}
	l.d.box.Put(m)
}

// lull is called when everything that has arrived has been read.
func (l *line) lull() {
	if m := l.heard; m != nil {
		l.heard = nil
		l.tell(m, len(m.list))
	}
}

// answered brings the loop what became of an attempt. The payload is checked
// here and copied, in the worker's own goroutine, and not looked at again.
func (l *line) answered(m *chirp.Message) {
	if l.heard == nil {
		l.heard = spareAnswers.Get().(*answersMessage)
		l.heard.l = l
	}
	h := &l.header
	l.heard.list = append(l.heard.list, answer{task: uuid.UUID(m.Identity), attempt: h.Attempt})
	a := &l.heard.list[len(l.heard.list)-1]
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
	return proactor.TaskAnswer{Status: stream.StatusFailed, Result: failure(why).Result}
}

// answersMessage is the answers that came by stream one behind the other.
type answersMessage struct {
	l    *line
	list []answer
}

// spareAnswers are messages that nobody uses; their lists keep their memory.
var spareAnswers = sync.Pool{New: func() any { return &answersMessage{list: make([]answer, 0, 16)} }}

func (m *answersMessage) apply(d *Dispatcher, now time.Time) {
	m.l.unread.Add(-int32(len(m.list)))
	for i := range m.list {
		m.list[i].apply(d, m.l, now)
	}
	clear(m.list)
	m.l, m.list = nil, m.list[:0]
	spareAnswers.Put(m)
}

// answer is one of them.
type answer struct {
	task    uuid.UUID
	attempt int
	posted  posted
	outcome proactor.TaskAnswer
}

// refused makes of a refusal what the webhook would have answered.
func (m *answer) refused(h *stream.WorkerHeader, data json.RawMessage) {
	m.posted.envelope = proactor.Envelope{Code: h.Code, Data: data}
	if h.Code == 0 {
		m.posted.envelope.Code = proactor.TaskRefused.Code
	}
	if h.RetryAfter > 0 && retryAfter(data) == 0 {
		m.posted.envelope.Data, _ = json.Marshal(map[string]float64{"retry_after": h.RetryAfter.Seconds()})
	}
	m.posted.envelope.Message = "the worker refused it"
}

func (m *answer) apply(d *Dispatcher, l *line, now time.Time) {
	r := l.p.running[m.task]
	if r == nil || !r.is(m.attempt) {
		l.strayed()
		if d.log.IsDebug() {
			d.log.Debug("a superseded result changes nothing", "task", m.task, "attempt", m.attempt, "worker", l.p.who)
		}
		return
	}
	if m.outcome.Status != "" {
		m.posted.outcome = &m.outcome
	}
	postedMessage{l.p, r, m.posted}.apply(d, now)
}

// progress brings the loop what a running handler says of itself.
func (l *line) progress(m *chirp.Message) {
	if !json.Valid(m.Data) {
		l.hangUp("what it says of a task's progress is not JSON")
		return
	}
	l.tell(&progressMessage{l, uuid.UUID(m.Identity), proactor.Running{Attempt: l.header.Attempt, Seq: l.header.Seq, Progress: bytes.Clone(m.Data)}}, 1)
}

// strayed notes a message that meant nothing.
func (l *line) strayed() {
	if l.astray++; l.astray == floodSlack {
		l.hangUp("it speaks of tasks that it does not run")
	}
}

type progressMessage struct {
	l    *line
	task uuid.UUID
	said proactor.Running
}

func (m *progressMessage) apply(d *Dispatcher, now time.Time) {
	m.l.unread.Add(-1)
	r := m.l.p.running[m.task]
	if r == nil || !r.is(m.said.Attempt) {
		m.l.strayed()
		return
	}
	d.renew(r, m.said, now)
}

// beat takes a heartbeat and answers it, whatever the loop is doing. One of
// another incarnation is not answered.
func (l *line) beat(m *chirp.Message) {
	body := &proactor.HeartbeatBody{}
	if err := json.Unmarshal(m.Data, body); err != nil {
		l.hangUp("a heartbeat is no JSON: " + err.Error())
		return
	}
	answer, ok := l.session.beat(body)
	if !ok {
		return
	}
	var data []byte
	if answer != nil && (answer.Quiet || answer.Stop) {
		// What is to be cancelled was said already, by attempt.
		data, _ = json.Marshal(proactor.HeartbeatAnswer{Quiet: answer.Quiet, Stop: answer.Stop})
	}
	_ = l.send(m.Identity, &stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, data) // broken: the next one comes by webhook
}
