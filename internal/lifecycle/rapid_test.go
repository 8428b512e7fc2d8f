package lifecycle

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// world is a keeper, a clock and a dispatcher for one record: it does what the
// table's actions ask, in any order and with any outcome that the real parts
// could have.
type world struct {
	t      *rapid.T
	r      Record
	now    time.Time
	leader int         // incarnation whose first process lives; 0 = none
	left   map[int]int // living descendants of dead first processes, by incarnation
	news   []Event     // keeper events that the loop has not handled
	gap    *Event      // the exit of a main process that another process may replace
	follow bool        // main processes may be replaced
	deaths []time.Time // deaths after which the policy restarted the worker, since they were last forgiven
}

func (w *world) spawn() {
	if w.leader != 0 || len(w.left) != 0 {
		w.t.Fatalf("incarnation %d is spawned while %d lives, with leftovers %v", w.r.Incarnation, w.leader, w.left)
	}
	if rapid.IntRange(0, 5).Draw(w.t, "spawn outcome") == 0 {
		w.news = append(w.news, Event{Kind: SpawnFailed, Incarnation: w.r.Incarnation, Reason: "no such file", Lasting: rapid.Bool().Draw(w.t, "lasting")})
		return
	}
	w.leader = w.r.Incarnation
	w.news = append(w.news, Event{Kind: ProcessSpawned, Incarnation: w.r.Incarnation, PID: 100 + w.r.Incarnation})
}

// die ends the first process; left descendants live on.
func (w *world) die(e report.Exit, left int) {
	if w.leader == 0 {
		return
	}
	if left += w.left[w.leader]; left > 0 { // the main process before it may have left some
		w.left[w.leader] = left
	}
	exited := Event{Kind: ProcessExited, Incarnation: w.leader, Exit: e, Left: left}
	w.leader = 0
	if w.follow && left > 0 {
		w.gap = &exited
		w.news = append(w.news, Event{Kind: MainExited, Incarnation: exited.Incarnation, Exit: e})
		return
	}
	w.news = append(w.news, exited)
}

// replaceMain makes a descendant the main process.
func (w *world) replaceMain() bool {
	if w.gap == nil {
		return false
	}
	inc := w.gap.Incarnation
	w.leader, w.gap = inc, nil
	if w.left[inc]--; w.left[inc] == 0 {
		delete(w.left, inc)
	}
	w.news = append(w.news, Event{Kind: MainReplaced, Incarnation: inc, PID: 200 + inc})
	return true
}

// release reports the exit of a main process that no process has replaced.
func (w *world) release() {
	if w.gap != nil {
		w.news = append(w.news, *w.gap)
		w.gap = nil
	}
}

// end carries out an order to end the process. Sometimes the answer is lost,
// and the repeated order must suffice. No process replaces a main process that ends
// by order.
func (w *world) end(lose bool) {
	w.release()
	follow := w.follow
	w.follow = false
	w.die(report.Exit{Class: report.ExitSignal, Signal: "TERM", Code: -1}, 0)
	w.follow = follow
	clear(w.left)
	if !lose {
		w.news = append(w.news, Event{Kind: ProcessesGone, Incarnation: w.r.Incarnation, EmptyProven: true})
	}
}

func (w *world) event(e Event, lose bool) {
	e.Random = 0.5
	before := w.r
	var acts []Action
	var reason string
	w.r, acts, reason = Next(w.r, e, w.now)
	if reason == "" || w.r.Reason == "" {
		w.t.Fatalf("%s × %s: no reason", before.Phase, e.Kind)
	}
	w.count(before, e)
	for _, a := range acts {
		switch a.Kind {
		case SpawnProcess:
			w.spawn()
		case EndProcess:
			w.end(lose)
		case GiveUpMain:
			if !lose {
				w.release()
			}
		}
	}
}

// count checks restart_limit: the restarts within a window.
func (w *world) count(before Record, e Event) {
	if len(w.r.Deaths.Recent) == 0 {
		w.deaths = nil
	}
	if !w.r.FollowsDeath || before.FollowsDeath || e.Kind == StartRequested || w.r.LastExit.Class == report.ExitKeeperLost {
		return
	}
	if w.r.Spec.Restart.Retries == 0 && w.r.Deaths.LastingInARow >= lastingTries {
		w.t.Fatalf("restarted after %d errors that waiting does not heal", w.r.Deaths.LastingInARow)
	}
	if w.r.Spec.Restart.Limit == 0 {
		return
	}
	w.deaths = append(w.deaths, w.now)
	policy, within := w.r.Spec.Restart, 0
	for _, d := range w.deaths {
		if w.now.Sub(d) < policy.Window {
			within++
		}
	}
	if within >= policy.Limit {
		w.t.Fatalf("%d restarts within %s, restart_limit = %d", within, policy.Window, policy.Limit)
	}
}

// hear applies one keeper event.
func (w *world) hear(lose bool) bool {
	if len(w.news) == 0 {
		return false
	}
	e := w.news[0]
	w.news = w.news[1:]
	w.event(e, lose)
	return true
}

func (w *world) loseKeeper() {
	w.leader, w.news, w.gap = 0, nil, nil
	clear(w.left)
	w.event(Event{Kind: KeeperLost}, false)
}

func (w *world) do() {
	pick := rapid.IntRange(0, 9).Draw(w.t, "what")
	lose := rapid.IntRange(0, 9).Draw(w.t, "lost answer") == 0
	switch {
	case pick < 4 && w.hear(lose):
	case pick < 5 && lose && w.replaceMain():
	case pick < 5:
		w.die(report.Exit{Class: rapid.SampledFrom([]report.ExitClass{report.ExitClean, report.ExitNonzero, report.ExitSignal, report.ExitOutOfMemory, report.ExitPortTaken}).Draw(w.t, "class")}, rapid.IntRange(0, 2).Draw(w.t, "left"))
	case pick < 6 && w.r.Phase == PhaseWaiting:
		w.event(Event{Kind: DependenciesMet}, lose)
	case pick < 8:
		w.now = w.now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(w.t, "passes")))
		if due := w.r.NextDeadline(); !due.IsZero() && !due.After(w.now) {
			w.event(Event{Kind: DeadlinePassed}, lose)
		}
	case rapid.IntRange(0, 20).Draw(w.t, "keeper") == 0:
		w.loseKeeper()
	default:
		k := EventKind(rapid.SampledFrom([]EventKind{StartRequested, StopRequested, RestartRequested, KillRequested, DependenciesMissing, DeadlinePassed, PortOwned, ReadinessProven, NotReadyYet, StartExtended, StopAnnounced, WatchdogBeat, StatusReported, Connected, ConnectRefused, HeartbeatsOverdue, HeartbeatsBack, Drained, TaskStuck, Measured}).Draw(w.t, "kind"))
		inc := w.r.Incarnation
		if k > KillRequested && inc > 0 {
			inc -= rapid.IntRange(0, 1).Draw(w.t, "stale")
		}
		w.event(Event{Kind: k, Incarnation: inc, Extension: time.Second, Tasks: 9}, lose)
	}
}

// TestAnySequence: whatever happens in whatever order, there are never two
// living incarnations, never more restarts in a window than allowed, always a
// reason; and a stop always converges.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: time.Now(), left: map[int]int{}, follow: rapid.Bool().Draw(t, "follow")}
		w.r = Record{Spec: anySpec(t), Reason: "not started yet"}
		w.event(Event{Kind: StartRequested}, false)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			w.do()
		}
		w.converge()
	})
}

func anySpec(t *rapid.T) *plan.Spec {
	s := testSpec()
	s.Restart.Auto = rapid.SampledFrom([]string{"unexpected", "true", "false"}).Draw(t, "autorestart")
	s.Restart.Limit = rapid.IntRange(0, 4).Draw(t, "limit")
	s.Restart.Window = rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(t, "window")
	s.Restart.Retries = rapid.IntRange(0, 3).Draw(t, "startretries")
	s.Restart.Reset = rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour}).Draw(t, "reset")
	s.Restart.RecycleTasks = rapid.SampledFrom([]int{0, 5}).Draw(t, "recycle")
	s.Ready.Kind = rapid.SampledFrom([]string{"webhook", "alive", "notify"}).Draw(t, "ready")
	s.Protocol = rapid.SampledFrom([]string{"webhook", "none", "ding"}).Draw(t, "protocol")
	return s
}

// converge stops the worker and lets time pass without further events.
func (w *world) converge() {
	w.event(Event{Kind: StopRequested}, false)
	for range 200 {
		if w.r.Phase == PhaseStopped || w.r.Phase == PhaseExited || w.r.Phase == PhaseFatal {
			break
		}
		if w.hear(false) {
			continue
		}
		due := w.r.NextDeadline()
		if due.IsZero() {
			w.t.Fatalf("asked to stop, %s waits for ever: %s", w.r.Phase, w.r.Reason)
		}
		if due.After(w.now) {
			w.now = due
		}
		w.event(Event{Kind: DeadlinePassed}, false)
	}
	if !w.r.Phase.AtRest() || w.leader != 0 || len(w.left) != 0 {
		w.t.Fatalf("asked to stop, and still %s: leader %d, left %v", w.r.Phase, w.leader, w.left)
	}
}
