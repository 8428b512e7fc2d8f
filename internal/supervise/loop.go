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
	queued  []pendingEvent // made by actions; handled before anything else comes in

	keeper        *keeper.Keeper // nil while a lost one is being replaced
	events        <-chan keeper.Event
	ownKeeper     *keeper.Keeper // one that we launched, and so close
	pendingClears []pendingClear // logs that it was asked to clear
	delayedSpawns []pendingEvent // spawns that wait for the next keeper
	prober        *probe.Prober
	hooks         map[string]*worker // short-lived processes, by the keeper's name for them
	hookMark      string             // in those names: of this loop and no other
	limiter       *limits.Limiter
	lines         probe.Lines
	foreignPorts  map[int]bool // ports on which a worker has found another program
	environ       []string
	seq           uint64
	now           time.Time

	stopping    bool  // everything is to stop
	killing     bool  // Kill was called
	failure     error // what Run will return
	stopOrdered bool  // everything has been asked to stop, in its order

	fingerprints   map[*plan.Spec]map[string]string // fingerprints
	unknownWorkers []keeper.KeptWorker              // kept, and nobody knows what they are
	savesSnapshots bool                             // memos are left from now on
	keeperReplaced bool                             // the outdated keeper was replaced
	quiescing      *quiesceRequest                  // … for every worker: an upgrade comes
	quiesced       bool                             // everything is another's

	helpers   sync.WaitGroup // goroutines that ask or do something for the loop, beside it
	replacing bool           // a goroutine looks for the next keeper
}

type pendingEvent struct {
	w *worker
	e lifecycle.Event
}

func newLoop(s *Supervisor) *loop {
	return &loop{
		Supervisor: s, workers: map[string]*worker{}, pools: map[string]*pool{}, hooks: map[string]*worker{}, hookMark: "~" + webhook.NewToken()[:6],
		foreignPorts: map[int]bool{}, fingerprints: map[*plan.Spec]map[string]string{}, environ: stripReserved(os.Environ()), limiter: limits.New(s.opts.CgroupBase), now: time.Now(), seq: s.opts.LastSeq,
	}
}

// run is the life of the loop. Everything that it starts it also waits for.
func (l *loop) run(ctx context.Context) error {
	own, cancel := context.WithCancel(context.Background())
	l.prober = probe.New(
		func(e lifecycle.Event) { l.box.Put(func(l *loop) { l.applyReport(e) }) },
		func(guid string, incarnation int) { l.box.Put(func(l *loop) { l.startExecProbe(guid, incarnation) }) },
	)
	probing := l.prober.Start(own)
	defer func() {
		cancel()
		<-probing
		l.releaseAll()
	}()
	if err := l.firstKeeper(); err != nil {
		return err
	}
	l.limiter.OpenIfDelegated()
	l.replayEvents()
	l.saveAllSnapshots()
	l.resumeWorkers()
	if l.opts.OnResumed != nil {
		l.opts.OnResumed()
	}
	l.startAll()
	l.processMessages(ctx)
	return l.failure
}

func (l *loop) processMessages(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	done := ctx.Done()
	for {
		l.applyQueued()
		l.replaceOutdatedKeeper()
		if l.isFinished() || l.quiesced {
			return
		}
		l.setTimer(timer)
		select {
		case <-done:
			done = nil
			l.stopAll()
		case <-l.box.Wakeup():
			l.now = time.Now()
			for _, m := range l.box.Take(nil) {
				m(l)
				l.applyQueued()
			}
		case e, ok := <-l.events:
			l.now = time.Now()
			l.handleKeeperEvent(e, ok)
		case <-timer.C:
			l.now = time.Now()
			l.handleDeadlines()
		}
	}
}

// setTimer sets the one timer to the earliest deadline.
func (l *loop) setTimer(timer *time.Timer) {
	if due := l.timers.NextDue(); !due.IsZero() {
		timer.Reset(max(0, time.Until(due)))
	}
}

// handleDeadlines ticks every worker whose time has come.
func (l *loop) handleDeadlines() {
	for w := range l.timers.PopDue(l.now) {
		l.applyEvent(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
		l.applyQueued()
	}
}

// applyQueued handles what actions have made, until there is nothing more.
func (l *loop) applyQueued() {
	for i := 0; i < len(l.queued); i++ {
		p := l.queued[i]
		l.applyEvent(p.w, p.e)
	}
	if l.queued = l.queued[:0]; cap(l.queued) > 64 {
		l.queued = nil // what a start of a thousand needed must not stay
	}
}

// queueEvent queues an event that follows from an action.
func (l *loop) queueEvent(w *worker, e lifecycle.Event) {
	l.queued = append(l.queued, pendingEvent{w, e})
}

// applyEvent is the only place where a record changes.
func (l *loop) applyEvent(w *worker, e lifecycle.Event) {
	e.Random = rand.Float64()
	before := w.rec
	if e.Kind == lifecycle.DependenciesMet { // a new incarnation is made from the newest spec
		w.rec.Spec = w.nextSpec
	}
	after, acts, reason := lifecycle.Next(w.rec, e, l.now)
	w.rec = after
	l.countPhases(w, &before)
	l.saveSnapshot(w) // first: what acts do can be done again, what they did not follow from cannot be guessed
	for _, a := range acts {
		l.performAction(w, a)
	}
	l.timers.Set(&w.timer, w.rec.NextDeadline())
	l.announceChange(w, &before, reason)
}

// countPhases keeps the pool's numbers.
func (l *loop) countPhases(w *worker, before *lifecycle.Record) {
	p := w.pool
	p.byPhase[before.Phase]--
	p.byPhase[w.rec.Phase]++
	if before.Phase == lifecycle.PhaseExited && before.LastExit.Class == lifecycle.ExitClean {
		p.cleanExits--
	}
	if w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == lifecycle.ExitClean {
		p.cleanExits++
	}
}

// applyReport takes an event about a worker from outside the loop's own sources.
func (l *loop) applyReport(e lifecycle.Event) {
	if w := l.workers[e.GUID]; w != nil {
		l.applyEvent(w, e)
	}
}

// announceChange tells everybody who waits to know.
func (l *loop) announceChange(w *worker, before *lifecycle.Record, reason string) {
	r := &w.rec
	judged := !r.LastExit.At.Equal(before.LastExit.At)
	if judged && r.LastExit.Class != lifecycle.ExitRequested {
		l.logDeath(w)
	}
	if isShown(before, r) {
		l.publishTransition(w, before, reason)
	}
	if r.Phase == before.Phase && !judged {
		return
	}
	if before.Phase.IsRunning() != r.Phase.IsRunning() {
		l.updateLivenessProbe(w)
	}
	if !r.Phase.HasProcess() {
		l.releaseIncarnation(w)
	}
	l.recheckFollowers(w)
	l.notifyWaiters(w)
	if judged {
		l.applyGroupStrategy(w)
	}
	if w.removing && r.Phase.AtRest() {
		l.dropWorker(w)
	}
}

// isShown reports whether a change is one that people are told: of state,
// readiness or incarnation, or of why a worker is not up yet.
func isShown(before, after *lifecycle.Record) bool {
	return after.State() != before.State() || (after.Phase == lifecycle.PhaseReady) != (before.Phase == lifecycle.PhaseReady) ||
		after.Incarnation != before.Incarnation || after.NotReadyReason != before.NotReadyReason && after.NotReadyReason != "" || after.DependenciesMissing && after.Reason != before.Reason
}

// publishTransition numbers a change and passes it on.
func (l *loop) publishTransition(w *worker, before *lifecycle.Record, reason string) {
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

// logDeath logs a death: one line each, whatever follows from it.
func (l *loop) logDeath(w *worker) {
	line := l.log.Warn
	switch {
	case w.rec.Phase == lifecycle.PhaseFatal:
		line = l.log.Error
	case w.rec.LastExit.Class == lifecycle.ExitClean:
		line = l.log.Info
	}
	line("worker "+w.rec.State().String(), "worker", w.pool.spec.Name, "guid", w.guid, "incarnation", w.rec.Incarnation, "reason", w.rec.Reason)
	if w.rec.Phase == lifecycle.PhaseFatal && w.rec.Spec.Restart.OnFatal == "shutdown" {
		l.failRun(&FatalError{Worker: w.makeView()})
	}
}

// workerViews is the snapshot for Workers: definitions in the order of the plan, and
// the workers of each in theirs, however late one came.
func (l *loop) workerViews() []Worker {
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
		views = append(views, w.makeView())
	}
	return views
}
