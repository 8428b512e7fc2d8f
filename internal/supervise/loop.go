package supervise

import (
	"cmp"
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"initiator/internal/frozentime"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/limits"
	"initiator/internal/plan"
	"initiator/internal/probe"
	"initiator/internal/timerheap"
	"initiator/internal/webhook"
)

// loop is the state of the supervisor. One goroutine owns it, without locks.
// Requests, reports, the keeper's events and the results of probes arrive as
// messages, one at a time.
type loop struct {
	*Supervisor
	plan    *plan.Plan
	workers map[string]*worker
	order   []*worker
	pools   map[string]*pool
	timers  timerheap.Heap[*worker]
	queued  []pendingEvent // follow from actions; applied before the next message

	requests uint64 // the number of the newest request: see claim

	keeper        *keeper.Keeper // nil while a lost keeper is being replaced
	events        <-chan keeper.Event
	ownKeeper     *keeper.Keeper // a keeper that Run has launched, and must close
	watch         keeperWatch    // whether the keeper answers
	syncs         []func()       // what follows the answers to Keeper.Sync, in their order
	killedKeeper  *keeper.Keeper // was killed because it was silent; nil = none
	pendingClears []pendingClear // requests to clear logs that wait for the keeper
	delayedSpawns []pendingEvent // spawns that wait for the next keeper
	prober        *probe.Prober
	hooks         map[string]*worker  // hooks that run, by the keeper's name for them
	hookMark      string              // in those names, of this loop alone
	commands      map[string]*command // commands of requests that run, by the keeper's name for them
	commandsRun   uint64              // how many were started
	limiter       *limits.Limiter
	lines         probe.Lines
	foreignPorts  map[int]bool // ports on which a worker has found another program
	environ       []string
	seq           uint64
	now           time.Time           // of this round
	rounds        frozentime.Detector // whether the loop itself was running
	timeouts      int                 // workers that have a time-out

	stopping    bool  // everything is to stop
	killing     bool  // KillAll was called
	failure     error // what Run will return
	stopOrdered bool  // every worker has been told to stop, in order

	left           leftTable
	fingerprints   map[*plan.Spec]map[string]string // see specFingerprint
	unknownWorkers []keeper.KeptWorker              // kept processes without a readable snapshot
	savesSnapshots bool                             // snapshots are saved from now on
	keeperReplaced bool                             // the outdated keeper was replaced
	quiescing      *quiesceRequest                  // an upgrade is being prepared
	quiesced       bool                             // the next initiator owns everything

	helpers   sync.WaitGroup // goroutines that work for the loop
	replacing bool           // a goroutine launches the next keeper
}

type pendingEvent struct {
	w *worker
	e lifecycle.Event
}

func newLoop(s *Supervisor) *loop {
	return &loop{
		Supervisor: s, workers: map[string]*worker{}, pools: map[string]*pool{}, hooks: map[string]*worker{}, commands: map[string]*command{}, hookMark: "~" + webhook.NewToken()[:6],
		foreignPorts: map[int]bool{}, fingerprints: map[*plan.Spec]map[string]string{}, environ: stripReserved(os.Environ()), limiter: limits.New(s.opts.CgroupBase), now: time.Now(), seq: s.opts.LastSeq,
		left: leftTable{earlier: asEarlier(s.opts.Left)},
	}
}

// run runs the loop. It waits for everything that it has started.
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
		l.stopFollowers()
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
	l.now = time.Now()
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
		l.watchKeeper()
		if l.isFinished() || l.quiesced {
			return
		}
		l.setTimer(timer)
		select {
		case <-done:
			l.beginRound()
			done = nil
			l.stopAll()
		case <-l.box.Wakeup():
			l.beginRound()
			for _, m := range l.box.Take(nil) {
				m(l)
				l.applyQueued()
			}
		case e, ok := <-l.events:
			l.beginRound()
			l.handleKeeperEvent(e, ok)
		case <-timer.C:
			l.beginRound()
			l.handleDeadlines()
		}
	}
}

// setTimer sets the timer to the earliest deadline. The loop also wakes once in a
// tickInterval, to notice whether it was stopped itself and whether the keeper
// answers.
func (l *loop) setTimer(timer *time.Timer) {
	due := l.timers.NextDue()
	tick := l.now.Add(tickInterval)
	l.rounds.Expect(tick, tickInterval)
	if due.IsZero() || tick.Before(due) {
		due = tick
	}
	timer.Reset(max(0, time.Until(due)))
}

// handleDeadlines applies DeadlinePassed to every worker whose deadline has
// passed.
func (l *loop) handleDeadlines() {
	for w := range l.timers.PopDue(l.now) {
		l.applyEvent(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
		l.applyQueued()
	}
}

// workerViews returns what WorkerProcesses shows: definitions in the order of the plan,
// and the workers of each definition by their index.
func (l *loop) workerViews() []WorkerProcesses {
	place := make(map[string]int, len(l.plan.Workers))
	for i := range l.plan.Workers {
		place[l.plan.Workers[i].Name] = i - len(l.plan.Workers) // definitions that have left the plan come last
	}
	order := slices.Clone(l.order)
	slices.SortStableFunc(order, func(a, b *worker) int {
		return cmp.Or(cmp.Compare(place[a.pool.spec.Name], place[b.pool.spec.Name]), cmp.Compare(a.index, b.index))
	})
	views := make([]WorkerProcesses, 0, len(order))
	for _, w := range order {
		view := WorkerProcesses{Worker: w.makeView()}
		if w.rec.Phase.HasProcess() {
			view.StartTime, view.Escaped = w.startTime, w.escaped
		}
		views = append(views, view)
	}
	return views
}
