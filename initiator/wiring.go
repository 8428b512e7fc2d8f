package initiator

import (
	"net"
	"strconv"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/handover"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// This file connects the supervisor and the dispatcher. Neither imports the
// other's decisions: dispatcherLink translates what the supervisor reports for
// the dispatcher, and supervisorLink what the dispatcher reports for the supervisor.

// supervisorOptions are all that the supervisor is connected to.
func (s *server) supervisorOptions() supervise.Options {
	settings := s.Plan().Settings
	return supervise.Options{
		Keeper:    s.keeper,
		NewKeeper: s.launchKeeper,
		Ports:     port.New(port.Range{Addr: settings.ListenAddr, Min: settings.ChildPortMin, Max: settings.ChildPortMax}),
		Plan:      s.Plan(), Dispatcher: dispatcherLink{s}, Logger: s.log.Named("supervise"),
		Stdin: s.issueConfig, ParentURL: s.api.URL(), Mark: handover.Mark(s.StateDir()), OnTransition: s.noteTransition, OnProcesses: s.lastKnown.RequestWrite, OnKeeperSilence: s.noteKeeperSilence,
		OnOutput: s.relay.RelayLines, AllStderr: s.log.IsDebug(), LastSeq: s.journal.LastSeq(),
		Left: s.left, Held: s.handover.Held, KeeperOutdated: s.handover.KeeperOutdated(), OnResumed: s.serveAPI, Snapshots: s.snapshots,
	}
}

// noteTransition passes a transition on to every part that keeps something about
// workers. The supervisor's loop calls it; it must not block.
func (s *server) noteTransition(t report.Event) {
	s.journal.AddTransition(t)
	s.configs.noteTransition(t)
	s.relay.NoteTransition(t)
	if !s.log.IsDebug() { // at debug every line of stderr passes the relay, which finds panics
		s.panics.AfterTransition(t)
	}
	s.lastKnown.RequestWrite()
}

// dispatcherLink passes what the supervisor reports on to the dispatcher. It
// implements supervise.Dispatcher.
type dispatcherLink struct{ *server }

// Attach adds a worker that is ready.
func (l dispatcherLink) Attach(i supervise.Instance) {
	s := i.Spec
	if i.Resumed {
		l.readmitWorker(i)
	}
	l.dispatcher.AttachWorker(dispatch.Attachment{
		GUID: i.GUID, Incarnation: i.Incarnation, Pool: s.Name, URL: "http://" + i.Addr, Token: i.Token,
		Open: s.Connect == "open", Channel: s.Channel, Slots: s.Slots, Ding: s.Protocol == "ding",
		Span: s.HeartbeatSpan, Tolerance: s.HeartbeatTolerance, Recycle: s.Restart.RecycleTasks,
		ReportEachTask: s.Restart.RecycleRSS > 0, Stream: i.Stream, Session: i.Session, Resumed: i.Resumed && !l.apiMoved,
	})
}

// Drain takes a worker's slots away; its tasks go on.
func (l dispatcherLink) Drain(guid string, incarnation int) {
	l.dispatcher.DrainWorker(guid, incarnation)
}

// CausingTask returns the task that has ended a worker, if it is known.
func (l dispatcherLink) CausingTask(guid string, incarnation int) string {
	return l.dispatcher.CausingTask(guid, incarnation)
}

// Detach removes a worker, and ends the attempts at its tasks.
func (l dispatcherLink) Detach(guid string, incarnation int, cause lifecycle.DetachCause, reason string) {
	l.dispatcher.DetachWorker(guid, incarnation, cause, reason)
}

// supervisorLink passes what the dispatcher concludes on to the supervisor. It
// implements dispatch.WorkerObserver.
type supervisorLink struct{ *server }

func (l supervisorLink) reportEvent(kind lifecycle.EventKind, guid string, incarnation int, reason string) {
	l.supervisor.ReportEvent(lifecycle.Event{Kind: kind, GUID: guid, Incarnation: incarnation, Reason: reason})
}

// WorkerConnected reports that a worker has answered /connect.
func (l supervisorLink) WorkerConnected(guid string, incarnation int) {
	l.reportEvent(lifecycle.Connected, guid, incarnation, "")
}

// recordSession stores what a worker has agreed to, for the next initiator.
func (l supervisorLink) recordSession(guid string, incarnation, slots int, legacy bool) {
	l.supervisor.RecordSession(guid, incarnation, slots, legacy)
}

// WorkerOverdue reports that a worker's heartbeats are overdue since last.
func (l supervisorLink) WorkerOverdue(guid string, incarnation int, last time.Time) {
	l.supervisor.ReportEvent(lifecycle.Event{Kind: lifecycle.HeartbeatsOverdue, GUID: guid, Incarnation: incarnation, Last: last})
}

// WorkerRecovered reports that a worker's heartbeats arrive again.
func (l supervisorLink) WorkerRecovered(guid string, incarnation int) {
	l.reportEvent(lifecycle.HeartbeatsBack, guid, incarnation, "")
}

// WorkerStuck reports that a worker does not end a task that it was asked to end.
func (l supervisorLink) WorkerStuck(guid string, incarnation int, reason string) {
	l.reportEvent(lifecycle.TaskStuck, guid, incarnation, reason)
}

// WorkerDrained reports that a worker runs no task any more.
func (l supervisorLink) WorkerDrained(guid string, incarnation int) {
	l.reportEvent(lifecycle.Drained, guid, incarnation, "")
}

// WorkerMeasured reports a worker's task count and memory, from its heartbeats.
func (l supervisorLink) WorkerMeasured(guid string, incarnation, tasks int, rss int64) {
	l.supervisor.ReportEvent(lifecycle.Event{Kind: lifecycle.Measured, GUID: guid, Incarnation: incarnation, Tasks: tasks, RSS: rss})
}

// dispatchPools is the dispatcher's part of a plan: every definition that takes
// tasks.
func (s *server) dispatchPools(p *plan.Plan) []dispatch.Pool {
	var list []dispatch.Pool
	for _, w := range p.Workers {
		if w.Protocol == "none" {
			continue
		}
		t := w.Tasks
		list = append(list, dispatch.Pool{
			Name: w.Name, Paused: s.paused.Contains(w.Name), QueueMax: t.QueueMax, CallbackSecret: t.CallbackSecret,
			Retention: queueRetention(t.Retention, t.RetentionFailed, t.RetentionDead),
			Policy: task.Policy{
				Timeout: task.Seconds(t.Timeout), Attempts: t.Attempts, RetryJitter: t.RetryJitter,
				ProgressTimeout: task.Seconds(t.ProgressTimeout), AtMostOnce: t.AtMostOnce,
				RetryDelay: task.Seconds(t.RetryDelay), RetryDelayMax: task.Seconds(t.RetryDelayMax),
			},
		})
	}
	return list
}

// queueRetention joins the retention of ended, failed and dead tasks of a pool.
func queueRetention(ended, failed, dead plan.Retention) queue.Retention {
	return queue.Retention{
		Age: ended.Age, Count: ended.Tasks,
		Failed: queue.RetentionLimit{Age: failed.Age, Count: failed.Tasks},
		Dead:   queue.RetentionLimit{Age: dead.Age, Count: dead.Tasks},
	}
}

// defaultRetention is the retention of tasks whose pool the INI does not define.
func defaultRetention() queue.Retention {
	return queueRetention(plan.DefaultRetention, plan.DefaultFailedRetention, plan.DefaultFailedRetention)
}

// issueConfig makes the document that a worker reads from stdin, and remembers
// what the worker was issued.
func (s *server) issueConfig(spec *plan.Spec, guid string, port, incarnation int, token string) []byte {
	w := s.workerIdentity(guid, port, incarnation, token)
	s.configs.addConfig(spec.Name, w)
	return plan.WorkerStdin(s.Plan(), spec, w)
}

// workerIdentity is what only one worker may know of itself.
func (s *server) workerIdentity(guid string, port, incarnation int, token string) plan.WorkerIdentity {
	host, p, _ := net.SplitHostPort(s.api.URL()[len("http://"):])
	parent, _ := strconv.Atoi(p)
	return plan.WorkerIdentity{
		GUID: guid, Port: port, Token: token, Incarnation: incarnation, ParentAddr: host, ParentPort: parent,
	}
}

// readmitWorker remembers what an earlier initiator has issued to a worker.
func (s *server) readmitWorker(i supervise.Instance) {
	_, p, _ := net.SplitHostPort(i.Addr)
	port, _ := strconv.Atoi(p)
	s.configs.addConfig(i.Spec.Name, s.workerIdentity(i.GUID, port, i.Incarnation, i.Token))
}
