package supervise

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/probe"
)

// updateLivenessProbe starts the liveness probes of a running worker that has a
// `probe`, and ends the probes of any other worker.
func (l *loop) updateLivenessProbe(w *worker) {
	p := w.rec.Spec.Probe
	if p.Kind == "" || !w.rec.Phase.IsRunning() {
		l.prober.Forget(w.guid)
		l.killExecProbe(w)
		return
	}
	t := w.probeTarget()
	t.Failing = w.rec.ProbeFailures > 0
	t.Liveness, t.Kind, t.Path, t.Interval, t.Timeout = true, p.Kind, p.Path, p.Span, p.Timeout
	l.prober.Watch(t)
}

// startExecProbe runs the command of probe = exec, in the worker's directory,
// environment and limits.
func (l *loop) startExecProbe(guid string, incarnation int) {
	w := l.workers[guid]
	if w == nil || w.rec.Incarnation != incarnation || !w.rec.Phase.IsRunning() || l.keeper == nil {
		return // the next incarnation gets a new liveness probe
	}
	p := w.rec.Spec.Probe
	order, err := l.hookOrder(w, w.rec.Spec, "probe", p.Command)
	if err != nil {
		l.finishExecProbe(w, err)
		return
	}
	w.execProbe = order.GUID
	l.hooks[order.GUID] = w
	if err := l.keeper.Spawn(order); err != nil {
		l.finishExecProbe(w, err)
		return
	}
	l.logUnsent(l.keeper.End(keeper.EndOrder{GUID: order.GUID, Incarnation: incarnation, Wait: p.Timeout}), "end", w)
}

// handleExecProbe handles the keeper's reports about that command.
func (l *loop) handleExecProbe(w *worker, e keeper.Event) {
	p := w.rec.Spec.Probe
	what := strings.Join(p.Command, " ")
	switch {
	case e.Kind == keeper.KindSpawnFailed:
		l.finishExecProbe(w, errors.New(strings.TrimPrefix(e.Error, "spawn "+e.GUID+": ")))
	case e.Kind != keeper.KindExited:
	case e.Signal == int(syscall.SIGKILL):
		l.finishExecProbe(w, fmt.Errorf("%s did not end within %s", what, p.Timeout))
	case e.Signal != 0 || e.Code != 0:
		l.finishExecProbe(w, fmt.Errorf("%s: %s", what, classifyExit(w.rec.Spec, e)))
	default:
		l.finishExecProbe(w, nil)
	}
}

func (l *loop) finishExecProbe(w *worker, err error) {
	l.killExecProbe(w)
	l.prober.ExecEnded(w.guid, w.rec.Incarnation, err)
}

// killExecProbe kills the processes of the command that are left.
func (l *loop) killExecProbe(w *worker) {
	if w.execProbe == "" {
		return
	}
	if l.keeper != nil {
		l.logUnsent(l.keeper.End(keeper.EndOrder{GUID: w.execProbe, Incarnation: w.rec.Incarnation, Signal: signalNumber("KILL")}), "end", w)
	}
	delete(l.hooks, w.execProbe)
	w.execProbe = ""
}

// startReadinessProbe starts the readiness probes of a new process. With
// readiness by line or by notify, the prober only says what the worker lacks.
func (l *loop) startReadinessProbe(w *worker) {
	spec := w.rec.Spec
	t := w.probeTarget()
	switch spec.Ready.Kind {
	case "webhook", "http", "tcp":
		if w.port == nil {
			return
		}
	case "line", "notify":
		t.Lacks = lifecycle.ReadinessLacks(spec)
	default:
		return
	}
	t.Kind, t.Path = readinessKind(spec), spec.Ready.Path
	l.prober.Watch(t)
}

// probeTarget returns what every kind of probe needs.
func (w *worker) probeTarget() probe.Target {
	t := probe.Target{GUID: w.guid, Incarnation: w.rec.Incarnation, PID: w.rec.PID, Channel: w.rec.Spec.Channel, Token: w.token}
	if w.port != nil {
		t.Host, t.Port, t.Addr, t.Inherited = w.port.Addr, w.port.Port, localAddress(w.port), w.port.Mode == port.Inherit
	}
	return t
}

func readinessKind(spec *plan.Spec) string {
	if spec.Ready.Kind == "webhook" && spec.Protocol == "ding" {
		return "ding"
	}
	return spec.Ready.Kind
}
