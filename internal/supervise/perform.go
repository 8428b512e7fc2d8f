package supervise

import (
	"fmt"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/limits"
)

// perform does one thing that the table asks for. What follows from it comes
// back as an event, never as a return value: the table hears of it in order.
func (l *loop) perform(w *worker, a lifecycle.Action) {
	switch a.Kind {
	case lifecycle.CheckDependencies:
		l.check(w)
	case lifecycle.SpawnProcess:
		l.spawn(w)
	case lifecycle.EndProcess:
		l.end(w, a)
	case lifecycle.StartProbing:
		l.probe(w)
	case lifecycle.StopProbing:
		l.prober.Forget(w.guid)
		if on := l.watches(w.rec.Spec, false); w.watched && !on || w.awaited {
			l.watch(w, on, false)
		}
	case lifecycle.AttachDispatcher:
		l.attach(w)
	case lifecycle.DrainTasks:
		l.drain(w)
	case lifecycle.DetachDispatcher:
		if l.opts.Dispatcher != nil {
			l.opts.Dispatcher.Detach(w.guid, w.rec.Incarnation, a.Reason)
		}
	case lifecycle.ReplacePort:
		if w.port != nil {
			l.met[w.port.Port] = true
			l.dropPort(w)
		}
	case lifecycle.MeasureMemory:
		if rss := limits.ResidentMemory(w.rec.PID); rss > 0 {
			l.then(w, lifecycle.Event{Kind: lifecycle.Measured, Incarnation: w.rec.Incarnation, RSS: rss})
		}
	case lifecycle.ReleasePort:
		l.dropPort(w)
	}
}

func (l *loop) attach(w *worker) {
	if l.opts.Dispatcher == nil {
		return
	}
	i := Instance{GUID: w.guid, Incarnation: w.rec.Incarnation, Spec: w.rec.Spec, PID: w.rec.PID, Token: w.token, Session: w.session, Resumed: w.restored != nil}
	if w.port != nil {
		i.Addr = address(w.port)
	}
	i.Stream = w.takeStream()
	l.opts.Dispatcher.Attach(i)
}

func (l *loop) drain(w *worker) {
	if l.opts.Dispatcher == nil {
		l.then(w, lifecycle.Event{Kind: lifecycle.Drained, Incarnation: w.rec.Incarnation})
		return
	}
	l.opts.Dispatcher.Drain(w.guid, w.rec.Incarnation)
}

// end has the keeper end a worker, after stop_command where there is one and
// time to run it.
func (l *loop) end(w *worker, a lifecycle.Action) {
	if a.Kill || len(w.rec.Spec.StopCommand) == 0 || w.rec.PID == 0 || w.pending.Kind == lifecycle.EndProcess {
		l.endNow(w, a)
		return
	}
	w.pending = a
	l.startHook(w, "stop", w.rec.Spec.StopCommand, a.Wait)
}

// endNow tells the keeper. Without a keeper there is nothing to end: what a
// lost one left is swept before the next begins.
func (l *loop) endNow(w *worker, a lifecycle.Action) {
	w.pending = lifecycle.Action{}
	l.endHook(w)
	if l.keeper == nil && w.orphaned {
		return // it lives: see adoptAll
	}
	if l.keeper == nil {
		l.then(w, lifecycle.Event{Kind: lifecycle.ProcessesGone, Incarnation: w.rec.Incarnation})
		return
	}
	order := keeper.EndOrder{GUID: w.guid, Incarnation: w.rec.Incarnation, Wait: a.Wait, Signal: signalNumber(w.rec.Spec.StopSignal)}
	if a.Kill {
		order.Signal, order.Wait = signalNumber("KILL"), 0
	}
	// A failed send means that the keeper is gone, and that is reported as an
	// event of its own.
	l.sent(l.keeper.End(order), "end", w)
}

func (l *loop) sent(err error, what string, w *worker) {
	if err != nil {
		l.log.Debug(fmt.Sprintf("%s %s: %v", what, w.guid, err))
	}
}

// dropPort gives the number back and has the keeper close the held socket.
func (l *loop) dropPort(w *worker) {
	if w.port == nil {
		return
	}
	if l.keeper != nil && w.port.Mode != "bind" {
		l.sent(l.keeper.ReleaseSocket(w.guid), "release", w)
	}
	w.port.Release()
	w.port = nil
}

// buryExtras ends what belonged to one incarnation.
func (l *loop) buryExtras(w *worker) {
	if w.socket != nil {
		w.socket.Close()
		w.socket = nil
	}
	w.dropStream()
	w.token, w.pending, w.session, w.born = "", lifecycle.Action{}, Session{}, 0
	l.endHook(w)
}

// watch turns a worker's output lines on or off. Those among which is the one
// that says "ready" are awaited: it is said once, and we may die over it.
func (l *loop) watch(w *worker, on, starting bool) {
	w.watched, w.awaited = on, on && awaits(w.rec.Spec, starting)
	switch {
	case l.keeper == nil:
	case w.awaited:
		l.sent(l.keeper.AwaitOutput(w.guid), "watch", w)
	default:
		l.sent(l.keeper.WatchOutput(w.guid, on), "watch", w)
	}
}
