package supervise

import (
	"testing"
	"time"

	"initiator/internal/plan"

	"pgregory.net/rapid"
)

// world is a keeper, a clock and a dispatcher for one record: it does what the
// table's actions ask, in any order and with any outcome that the real ones
// could have.
type world struct {
	t      *rapid.T
	r      Record
	now    time.Time
	leader int         // incarnation whose leader lives; 0 = none
	left   map[int]int // living descendants of dead leaders, by incarnation
	news   []Event     // what the keeper has said and the loop has not read
	deaths []time.Time // deaths after which the law started again, since it last forgave
}

func (w *world) spawn() {
	if w.leader != 0 || len(w.left) != 0 {
		w.t.Fatalf("incarnation %d is spawned while %d lives, with leftovers %v", w.r.Incarnation, w.leader, w.left)
	}
	if rapid.IntRange(0, 5).Draw(w.t, "spawn outcome") == 0 {
		w.news = append(w.news, Event{Kind: spawnFailed, Incarnation: w.r.Incarnation, Reason: "no such file"})
		return
	}
	w.leader = w.r.Incarnation
	w.news = append(w.news, Event{Kind: spawned, Incarnation: w.r.Incarnation, pid: 100 + w.r.Incarnation})
}

// die ends the leader; left of its descendants live on.
func (w *world) die(e Exit, left int) {
	if w.leader == 0 {
		return
	}
	if left > 0 {
		w.left[w.leader] = left
	}
	w.news = append(w.news, Event{Kind: exited, Incarnation: w.leader, exit: e, left: left})
	w.leader = 0
}

// end is a keeper that does as it is told; sometimes its answer is lost, and
// being told again must be enough.
func (w *world) end(lose bool) {
	w.die(Exit{Class: Signal, Signal: "TERM", Code: -1}, 0)
	clear(w.left)
	if !lose {
		w.news = append(w.news, Event{Kind: emptied, Incarnation: w.r.Incarnation, proven: true})
	}
}

func (w *world) event(e Event, lose bool) {
	e.random = 0.5
	before := w.r
	var acts []Action
	var reason string
	w.r, acts, reason = next(w.r, e, w.now)
	if reason == "" || w.r.Reason == "" {
		w.t.Fatalf("%s × %s: no reason", before.Phase, e.Kind)
	}
	w.count(before, e)
	for _, a := range acts {
		switch a.Kind {
		case actSpawn:
			w.spawn()
		case actEnd:
			w.end(lose)
		}
	}
}

// count checks restart_limit: what the law has started again within a window.
func (w *world) count(before Record, e Event) {
	if len(w.r.Past.Deaths) == 0 {
		w.deaths = nil
	}
	if !w.r.Retried || before.Retried || e.Kind == askStart {
		return
	}
	w.deaths = append(w.deaths, w.now)
	law, within := w.r.Spec.Restart, 0
	for _, d := range w.deaths {
		if w.now.Sub(d) < law.Window {
			within++
		}
	}
	if within >= law.Limit {
		w.t.Fatalf("%d restarts within %s, restart_limit = %d", within, law.Window, law.Limit)
	}
}

// hear reads one piece of the keeper's news.
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
	w.leader, w.news = 0, nil
	clear(w.left)
	w.event(Event{Kind: lost}, false)
}

func (w *world) do() {
	pick := rapid.IntRange(0, 9).Draw(w.t, "what")
	lose := rapid.IntRange(0, 9).Draw(w.t, "lost answer") == 0
	switch {
	case pick < 4 && w.hear(lose):
	case pick < 5:
		w.die(Exit{Class: rapid.SampledFrom([]Class{Clean, Code, Signal, OutOfMemory, PortTaken}).Draw(w.t, "class")}, rapid.IntRange(0, 2).Draw(w.t, "left"))
	case pick < 6 && w.r.Phase == waiting:
		w.event(Event{Kind: cleared}, lose)
	case pick < 8:
		w.now = w.now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(w.t, "passes")))
		if due := w.r.due(); !due.IsZero() && !due.After(w.now) {
			w.event(Event{Kind: tick}, lose)
		}
	case rapid.IntRange(0, 20).Draw(w.t, "keeper") == 0:
		w.loseKeeper()
	default:
		k := Kind(rapid.SampledFrom([]Kind{askStart, askStop, askRestart, askKill, blocked, tick, found, proven, hinted, extended, leaving, watchdog, said, Connected, Refused, Overdue, Beating, Drained, Stuck, Measured}).Draw(w.t, "kind"))
		inc := w.r.Incarnation
		if k > askKill && inc > 0 {
			inc -= rapid.IntRange(0, 1).Draw(w.t, "stale")
		}
		w.event(Event{Kind: k, Incarnation: inc, span: time.Second, Tasks: 9}, lose)
	}
}

// TestAnySequence: whatever happens in whatever order, there are never two
// living incarnations, never more restarts in a window than allowed, always a
// reason; and a stop always converges.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: time.Now(), left: map[int]int{}}
		w.r = Record{Spec: anySpec(t), Reason: "not started yet"}
		w.event(Event{Kind: askStart}, false)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			w.do()
		}
		w.converge()
	})
}

func anySpec(t *rapid.T) *plan.Spec {
	s := testSpec()
	s.Restart.Auto = rapid.SampledFrom([]string{"unexpected", "true", "false"}).Draw(t, "autorestart")
	s.Restart.Limit = rapid.IntRange(1, 4).Draw(t, "limit")
	s.Restart.Window = rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(t, "window")
	s.Restart.Retries = rapid.IntRange(0, 3).Draw(t, "startretries")
	s.Restart.Reset = rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour}).Draw(t, "reset")
	s.Restart.RecycleTasks = rapid.SampledFrom([]int{0, 5}).Draw(t, "recycle")
	s.Ready.Kind = rapid.SampledFrom([]string{"webhook", "alive", "notify"}).Draw(t, "ready")
	s.Protocol = rapid.SampledFrom([]string{"webhook", "none", "ding"}).Draw(t, "protocol")
	return s
}

// converge stops the worker and lets time pass, with nobody else acting.
func (w *world) converge() {
	w.event(Event{Kind: askStop}, false)
	for range 200 {
		if w.r.Phase == resting || w.r.Phase == over || w.r.Phase == fatal {
			break
		}
		if w.hear(false) {
			continue
		}
		due := w.r.due()
		if due.IsZero() {
			w.t.Fatalf("asked to stop, %s waits for ever: %s", w.r.Phase, w.r.Reason)
		}
		if due.After(w.now) {
			w.now = due
		}
		w.event(Event{Kind: tick}, false)
	}
	if !w.r.Phase.rests() || w.leader != 0 || len(w.left) != 0 {
		w.t.Fatalf("asked to stop, and still %s: leader %d, left %v", w.r.Phase, w.leader, w.left)
	}
}
