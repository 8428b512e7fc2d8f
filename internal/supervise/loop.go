package supervise

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/limits"
	"initiator/internal/plan"
	"initiator/internal/probe"
	"initiator/internal/timerheap"
	"initiator/internal/webhook"
)

// loop is everything the supervisor knows. One goroutine owns it: there are no
// locks. Requests, reports, the keeper's events and the probes' results come
// in as messages, one at a time.
type loop struct {
	*Supervisor
	plan    *plan.Plan
	workers map[string]*worker
	order   []*worker
	pools   map[string]*pool
	timers  timerheap.Heap[*worker]
	todo    []pendingEvent // made by actions; handled before anything else comes in

	keeper  *keeper.Keeper // nil while a lost one is being replaced
	events  <-chan keeper.Event
	own     *keeper.Keeper // one that we launched, and so close
	wiping  []wipePlace    // logs that it was asked to clear
	orphans []pendingEvent // spawns that wait for the next keeper
	prober  *probe.Prober
	hooks   map[string]*worker // short-lived processes, by the keeper's name for them
	mark    string             // in those names: of this loop and no other
	limiter *limits.Limiter
	lines   probe.Lines
	met     map[int]bool // ports on which a worker has found another program
	environ []string
	seq     uint64
	now     time.Time

	closing bool  // everything is to stop
	swift   bool  // Kill was called
	failure error // what Run will return
	stopped bool  // everything has been asked to stop, in its order

	made       map[*plan.Spec]map[string]string // fingerprints
	strangers  []keeper.KeptWorker              // kept, and nobody knows what they are
	depositing bool                             // memos are left from now on
	renewed    bool                             // the outdated keeper was replaced
	freezing   *freeze                          // … for every worker: an upgrade comes
	frozen     bool                             // everything is another's

	helpers   sync.WaitGroup // goroutines that ask or do something for the loop, beside it
	replacing bool           // a goroutine looks for the next keeper
}

type pendingEvent struct {
	w *worker
	e lifecycle.Event
}

func newLoop(s *Supervisor) *loop {
	return &loop{
		Supervisor: s, workers: map[string]*worker{}, pools: map[string]*pool{}, hooks: map[string]*worker{}, mark: "~" + webhook.NewToken()[:6],
		met: map[int]bool{}, made: map[*plan.Spec]map[string]string{}, environ: strip(os.Environ()), limiter: limits.New(s.opts.CgroupBase), now: time.Now(), seq: s.opts.LastSeq,
	}
}

// run is the life of the loop. Everything that it starts it also waits for.
func (l *loop) run(ctx context.Context) error {
	own, cancel := context.WithCancel(context.Background())
	l.prober = probe.New(
		func(e lifecycle.Event) { l.box.Put(func(l *loop) { l.report(e) }) },
		func(guid string, incarnation int) { l.box.Put(func(l *loop) { l.probeBy(guid, incarnation) }) },
	)
	probing := l.prober.Start(own)
	defer func() {
		cancel()
		<-probing
		l.release()
	}()
	if err := l.firstKeeper(); err != nil {
		return err
	}
	l.limiter.OpenIfDelegated()
	l.replay()
	l.depositAll()
	l.resumeAll()
	if l.opts.OnResumed != nil {
		l.opts.OnResumed()
	}
	l.startAll()
	l.turn(ctx)
	return l.failure
}

func (l *loop) turn(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	done := ctx.Done()
	for {
		l.settle()
		l.renew()
		if l.finished() || l.frozen {
			return
		}
		l.arm(timer)
		select {
		case <-done:
			done = nil
			l.shutdown()
		case <-l.box.Wakeup():
			l.now = time.Now()
			for _, m := range l.box.Take(nil) {
				m(l)
				l.settle()
			}
		case e, ok := <-l.events:
			l.now = time.Now()
			l.hear(e, ok)
		case <-timer.C:
			l.now = time.Now()
			l.expire()
		}
	}
}

// arm sets the one timer to the earliest deadline.
func (l *loop) arm(timer *time.Timer) {
	if due := l.timers.NextDue(); !due.IsZero() {
		timer.Reset(max(0, time.Until(due)))
	}
}

// expire ticks every worker whose time has come.
func (l *loop) expire() {
	for w := range l.timers.PopDue(l.now) {
		l.apply(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
		l.settle()
	}
}

// settle handles what actions have made, until there is nothing more.
func (l *loop) settle() {
	for i := 0; i < len(l.todo); i++ {
		p := l.todo[i]
		l.apply(p.w, p.e)
	}
	if l.todo = l.todo[:0]; cap(l.todo) > 64 {
		l.todo = nil // what a start of a thousand needed must not stay
	}
}

// then queues an event that follows from an action.
func (l *loop) then(w *worker, e lifecycle.Event) { l.todo = append(l.todo, pendingEvent{w, e}) }

// apply is the only place where a record changes.
func (l *loop) apply(w *worker, e lifecycle.Event) {
	e.Random = rand.Float64()
	before := w.rec
	if e.Kind == lifecycle.DependenciesMet { // a new incarnation is made from the newest spec
		w.rec.Spec = w.next
	}
	after, acts, reason := lifecycle.Next(w.rec, e, l.now)
	w.rec = after
	l.recount(w, &before)
	l.deposit(w) // first: what acts do can be done again, what they did not follow from cannot be guessed
	for _, a := range acts {
		l.perform(w, a)
	}
	l.timers.Set(&w.timer, w.rec.NextDeadline())
	l.changed(w, &before, reason)
}

// recount keeps the pool's numbers.
func (l *loop) recount(w *worker, before *lifecycle.Record) {
	p := w.pool
	p.in[before.Phase]--
	p.in[w.rec.Phase]++
	if before.Phase == lifecycle.PhaseExited && before.LastExit.Class == lifecycle.ExitClean {
		p.clean--
	}
	if w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == lifecycle.ExitClean {
		p.clean++
	}
}

// report takes an event about a worker from outside the loop's own sources.
func (l *loop) report(e lifecycle.Event) {
	if w := l.workers[e.GUID]; w != nil {
		l.apply(w, e)
	}
}

// changed tells everybody who waits to know.
func (l *loop) changed(w *worker, before *lifecycle.Record, reason string) {
	r := &w.rec
	judged := !r.LastExit.At.Equal(before.LastExit.At)
	if judged && r.LastExit.Class != lifecycle.ExitRequested {
		l.bad(w)
	}
	if shows(before, r) {
		l.transition(w, before, reason)
	}
	if r.Phase == before.Phase && !judged {
		return
	}
	if before.Phase.IsRunning() != r.Phase.IsRunning() {
		l.guard(w)
	}
	if !r.Phase.HasProcess() {
		l.buryExtras(w)
	}
	l.released(w)
	l.answer(w)
	if judged {
		l.strategy(w)
	}
	if w.forgotten && r.Phase.AtRest() {
		l.drop(w)
	}
}

// shows reports whether a change is one that people are told: of state,
// readiness or incarnation, or of why a worker is not up yet.
func shows(before, after *lifecycle.Record) bool {
	return after.State() != before.State() || (after.Phase == lifecycle.PhaseReady) != (before.Phase == lifecycle.PhaseReady) ||
		after.Incarnation != before.Incarnation || after.Hint != before.Hint && after.Hint != "" || after.DependenciesMissing && after.Reason != before.Reason
}

// transition numbers a change and passes it on.
func (l *loop) transition(w *worker, before *lifecycle.Record, reason string) {
	l.seq++
	r := &w.rec
	t := Transition{
		Seq: l.seq, At: l.now, GUID: w.guid, Name: w.pool.spec.Name, Index: w.index, Incarnation: r.Incarnation, Began: r.Began,
		From: before.State(), To: r.State(), Ready: r.Phase == lifecycle.PhaseReady, Reason: reason, PID: r.PID,
	}
	if w.port != nil {
		t.Port = w.port.Port
	}
	if last := r.LastExit; !last.At.Equal(before.LastExit.At) {
		t.Exit = &last
	}
	if r.Phase == lifecycle.PhaseReady && l.log.IsInfo() {
		about := []any{"worker", t.Name, "guid", t.GUID, "incarnation", t.Incarnation, "pid", t.PID}
		if t.Port != 0 {
			about = append(about, "port", t.Port)
		}
		l.log.Info("worker ready", append(about, "reason", reason)...)
	}
	if l.opts.OnTransition != nil {
		l.opts.OnTransition(t)
	}
}

// bad logs a death: one line each, whatever follows from it.
func (l *loop) bad(w *worker) {
	line := l.log.Warn
	switch {
	case w.rec.Phase == lifecycle.PhaseFatal:
		line = l.log.Error
	case w.rec.LastExit.Class == lifecycle.ExitClean:
		line = l.log.Info
	}
	line("worker "+w.rec.State().String(), "worker", w.pool.spec.Name, "guid", w.guid, "incarnation", w.rec.Incarnation, "reason", w.rec.Reason)
	if w.rec.Phase == lifecycle.PhaseFatal && w.rec.Spec.Restart.OnFatal == "shutdown" {
		l.fail(&FatalError{Worker: w.view()})
	}
}

// views is the snapshot for Workers: definitions in the order of the plan, and
// the workers of each in theirs, however late one came.
func (l *loop) views() []Worker {
	place := make(map[string]int, len(l.plan.Workers))
	for i := range l.plan.Workers {
		place[l.plan.Workers[i].Name] = i - len(l.plan.Workers) // what left the plan comes after
	}
	order := slices.Clone(l.order)
	slices.SortStableFunc(order, func(a, b *worker) int {
		return cmp.Or(cmp.Compare(place[a.pool.spec.Name], place[b.pool.spec.Name]), cmp.Compare(a.index, b.index))
	})
	views := make([]Worker, 0, len(order))
	for _, w := range order {
		views = append(views, w.view())
	}
	return views
}
