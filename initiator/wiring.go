package initiator

import (
	"net"
	"os"
	"strconv"
	"time"

	"initiator/internal/dispatch"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// tasks tells the dispatcher what the supervisor says.
type tasks struct{ in *Initiator }

// Attach implements supervise.Dispatcher.
func (t tasks) Attach(i supervise.Instance) {
	s := i.Spec
	if i.Resumed {
		t.in.recognise(i)
	}
	t.in.dispatcher.AttachWorker(dispatch.Attachment{
		GUID: i.GUID, Incarnation: i.Incarnation, Pool: s.Name, URL: "http://" + i.Addr, Token: i.Token,
		Open: s.Connect == "open", Channel: s.Channel, Slots: s.Slots, Ding: s.Protocol == "ding",
		Span: s.HeartbeatSpan, Tolerance: s.HeartbeatTolerance, Recycle: s.Restart.RecycleTasks, Stream: i.Stream,
		Session: dispatch.Session{
			Token: i.Session.Token, Slots: i.Session.Slots, Blunt: i.Session.Legacy, Known: i.Session.Known, Resumed: i.Resumed && !t.in.moved,
		},
	})
}

// Drain implements supervise.Dispatcher.
func (t tasks) Drain(guid string, incarnation int) { t.in.dispatcher.DrainWorker(guid, incarnation) }

// Detach implements supervise.Dispatcher.
func (t tasks) Detach(guid string, incarnation int, reason string) {
	t.in.dispatcher.DetachWorker(guid, incarnation, reason)
}

// workerObserver tells the supervisor what the dispatcher concludes.
type workerObserver struct{ in *Initiator }

func (v workerObserver) report(kind lifecycle.EventKind, guid string, incarnation int, reason string) {
	v.in.supervisor.ReportEvent(lifecycle.Event{Kind: kind, GUID: guid, Incarnation: incarnation, Reason: reason})
}

// WorkerConnected implements dispatch.WorkerObserver.
func (v workerObserver) WorkerConnected(guid string, incarnation int) {
	v.report(lifecycle.Connected, guid, incarnation, "")
}

// opened tells what a worker has agreed to, for whoever comes after us.
func (v workerObserver) opened(guid string, incarnation, slots int, blunt bool) {
	v.in.supervisor.RecordSession(guid, incarnation, slots, blunt)
}

// WorkerOverdue implements dispatch.WorkerObserver.
func (v workerObserver) WorkerOverdue(guid string, incarnation int, last time.Time) {
	v.in.supervisor.ReportEvent(lifecycle.Event{Kind: lifecycle.HeartbeatsOverdue, GUID: guid, Incarnation: incarnation, Last: last})
}

// WorkerRecovered implements dispatch.WorkerObserver.
func (v workerObserver) WorkerRecovered(guid string, incarnation int) {
	v.report(lifecycle.HeartbeatsBack, guid, incarnation, "")
}

// WorkerStuck implements dispatch.WorkerObserver.
func (v workerObserver) WorkerStuck(guid string, incarnation int, reason string) {
	v.report(lifecycle.TaskStuck, guid, incarnation, reason)
}

// WorkerDrained implements dispatch.WorkerObserver.
func (v workerObserver) WorkerDrained(guid string, incarnation int) {
	v.report(lifecycle.Drained, guid, incarnation, "")
}

// WorkerMeasured implements dispatch.WorkerObserver.
func (v workerObserver) WorkerMeasured(guid string, incarnation, tasks int, rss int64) {
	v.in.supervisor.ReportEvent(lifecycle.Event{Kind: lifecycle.Measured, GUID: guid, Incarnation: incarnation, Tasks: tasks, RSS: rss})
}

// pools is what dispatch knows of the plan: every definition that takes tasks.
func pools(p *plan.Plan) []dispatch.Pool {
	var list []dispatch.Pool
	for _, s := range p.Workers {
		if s.Protocol == "none" {
			continue
		}
		t := s.Tasks
		list = append(list, dispatch.Pool{Name: s.Name, QueueMax: t.QueueMax, CallbackSecret: t.CallbackSecret, Retention: task.Retention{Age: t.Retention.Age, Count: t.Retention.Tasks}, Policy: task.Policy{
			Timeout: task.Seconds(t.Timeout), Attempts: t.Attempts, RetryJitter: t.RetryJitter,
			ProgressTimeout: task.Seconds(t.ProgressTimeout),
			RetryDelay:      task.Seconds(t.RetryDelay), RetryDelayMax: task.Seconds(t.RetryDelayMax),
		}})
	}
	return list
}

// stdin makes the document that a worker reads, and remembers for whom.
func (in *Initiator) stdin(s *plan.Spec, guid string, port, incarnation int, token string) []byte {
	w := in.identity(guid, port, incarnation, token)
	in.told.put(s.Name, w)
	return plan.Stdin(in.Plan(), s, w)
}

// identity is what only one worker may know of itself.
func (in *Initiator) identity(guid string, port, incarnation int, token string) plan.Worker {
	host, p, _ := net.SplitHostPort(in.server.URL()[len("http://"):])
	parent, _ := strconv.Atoi(p)
	return plan.Worker{
		GUID: guid, Port: port, Token: token, Incarnation: incarnation, ParentAddr: host, ParentPort: parent,
	}
}

// recognise remembers what a worker was told by an initiator before us.
func (in *Initiator) recognise(i supervise.Instance) {
	_, p, _ := net.SplitHostPort(i.Addr)
	port, _ := strconv.Atoi(p)
	in.told.put(i.Spec.Name, in.identity(i.GUID, port, i.Incarnation, i.Token))
}

func modeOf(m uint32) os.FileMode { return os.FileMode(m).Perm() }
