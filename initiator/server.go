package initiator

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/api"
	"initiator/internal/dispatch"
	"initiator/internal/handover"
	"initiator/internal/journal"
	"initiator/internal/keeper"
	"initiator/internal/output"
	"initiator/internal/pools"
	"initiator/internal/problems"
	"initiator/internal/queue"
	"initiator/internal/scheduler"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
	"initiator/internal/upgrade"
	"initiator/internal/webhook"
	"initiator/internal/workerlog"
)

// server is the initiator while it runs: all parts that Run starts and ends. The
// goroutine of Run makes the parts; none changes once the API answers.
type server struct {
	*Initiator
	started time.Time

	// What is read at the start, and stored.
	dir       *statedir.Dir
	execState *upgrade.ExecState // nil = no upgrade has started this program
	handover  *handover.State
	crashed   []supervise.LeftWorker // the workers of an initiator that has crashed
	left      []report.LeftProcess   // what workers of earlier initiators have left and what is not ended
	lastKnown *statedir.LastKnownWriter
	snapshots *statedir.SnapshotStore
	paused    *statedir.PausedPools
	queue     queue.Queue
	// checkTaskFiles returns an error when the files of the queue are gone; nil = the
	// queue is in memory.
	checkTaskFiles func() error
	// unrepaired is damage of the task files that the start could not repair.
	unrepaired queue.Damage

	// What runs.
	keeper     *keeper.Keeper
	newest     atomic.Pointer[keeper.Keeper] // the keeper that was started last
	supervisor *supervise.Supervisor
	dispatcher *dispatch.Dispatcher
	scheduler  *scheduler.Scheduler
	relay      *output.Relay
	api        *api.Server
	apiMoved   bool   // workers that outlived the last initiator know another port
	signingKey string // of callbacks, where the pool has no secret

	// What answers questions.
	journal *journal.Journal
	configs *workerConfigs
	logs    *workerlog.Reader
	panics  *workerlog.PanicSearch
	pools   *pools.Pools
	// problems are added by the package that finds them.
	problems      problems.List
	restoreFailed bool // the last checkState could not restore a file, and the log says so

	ending         <-chan struct{} // closed when the end has begun, for any reason
	programStarted func()          // tells the upgrade that this program has come up
	closeAPIOnce   sync.Once
	reloading      sync.Mutex // one reload at a time
	rotating       sync.Mutex // one rotation of the token at a time
	upgrading      sync.Mutex // one upgrade at a time
	backingUp      sync.Mutex // one backup at a time
	next           atomic.Pointer[upgrade.NextProgram]
}

// submitScheduled submits the task of a schedule once the initiator answers.
func (s *server) submitScheduled(ctx context.Context, r task.Request) (task.Task, error) {
	if err := s.waitUntilUp(ctx); err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Submit(ctx, r)
}

func newServer(in *Initiator) *server {
	s := &server{Initiator: in, started: time.Now(), execState: upgrade.LoadExecState()}
	s.programStarted = s.execState.ExpectStart(in.log, in.background.startGoroutine)
	s.configs = &workerConfigs{plan: in.Plan}
	s.logs = &workerlog.Reader{Workers: s.listWorkers, Plan: in.Plan, OwnLog: in.config.LogFile}
	return s
}

// listWorkers is what is known of every worker. It may be called once the supervisor
// is made.
func (s *server) listWorkers() []report.Worker { return s.supervisor.Workers() }

// runParts starts everything in an order in which each part finds what it needs, and
// ends it in the opposite order: workers while results can still arrive, then
// the dispatcher, then the API, then the keeper.
func (s *server) runParts(ctx context.Context) (err error) {
	for _, w := range s.Plan().Warnings {
		s.log.Warn(w)
	}
	s.warnOfKeep()
	if err := s.openStateDir(); err != nil {
		return err
	}
	defer s.dir.Close()
	s.noteRestored()
	token, err := s.loadState()
	if err != nil {
		return err
	}
	if s.queue, err = s.openQueue(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.queue.Close()) }()
	if s.handover, err = handover.Load(s.dir, s.keeperOptions()); err != nil {
		return err
	}
	s.addDamagedFiles(s.handover.Damaged)
	if s.execState == nil {
		s.handover.KillLeftovers(s.dir.Path(), s.crashed, s.left, s.log)
	}
	if s.api, err = s.listenAPI(token); err != nil {
		s.handover.ReleaseKeeper()
		return err
	}
	defer s.closeAPI()
	s.apiMoved = s.handover.PortLost || s.handover.APIPort != 0 && s.handover.APIPort != s.api.Port()
	s.writeAPIPort()
	s.snapshots = s.dir.NewSnapshotStore(s.log)
	s.snapshots.RemoveUnknown(s.handover.Held)
	if s.keeper, err = s.handover.TakeKeeper(s.keeperOptions()); err != nil {
		return err
	}
	s.useKeeper(s.keeper)
	return errors.Join(s.runLoops(ctx), s.endKeeper())
}

// loadState reads the small files of the state directory.
func (s *server) loadState() (token string, err error) {
	var seq uint64
	s.lastKnown = s.dir.NewLastKnownWriter(s.log)
	seq, s.crashed, s.left = s.lastKnown.LoadPrevious(s.execState != nil)
	s.journal = journal.New(seq)
	token, damaged, err := s.dir.LoadToken()
	if err != nil {
		return "", err
	}
	s.signingKey = callbackSigningKey(token)
	ticks, ticksErr := s.dir.ReadScheduleTicks()
	s.scheduler = scheduler.New(ticks, s.submitScheduled, s.log.Named("schedules"))
	paused, err := s.dir.ReadPausedPools()
	s.paused = paused
	more, err := s.dir.SetAside(errors.Join(ticksErr, err))
	s.addDamagedFiles(append(damaged, more...))
	return token, err
}

// callbackSigningKey makes the key that signs callbacks of pools without a
// callback_secret. It is derived from the API's token and is not the token, so
// that a receiver of callbacks that can check signatures cannot open the API.
func callbackSigningKey(token string) string {
	return webhook.HexMAC(token, []byte("initiator callback"))
}

// runLoops runs the dispatcher and the supervisor until the end.
func (s *server) runLoops(ctx context.Context) error {
	s.dispatcher = dispatch.New(dispatch.Options{
		Queue: s.queue, Pools: s.dispatchPools(s.Plan()), Master: s.api.URL(),
		Observer: supervisorLink{s}, Logger: s.log.Named("dispatch"), CallbackSecret: s.signingKey,
		WillResume: s.handover.IsHeld, OnConnected: supervisorLink{s}.recordSession,
	})
	defer s.openRelay()()
	s.supervisor = supervise.New(s.supervisorOptions())
	s.pools = &pools.Pools{Dispatcher: s.dispatcher, Paused: s.paused, Plan: s.Plan, Workers: s.listWorkers}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.ending = ctx.Done()
	s.background.startGoroutine(func() { s.awaitShutdown(cancel) })
	dispatching, stopDispatch := context.WithCancel(context.Background())
	dispatched := make(chan struct{})
	s.background.startGoroutine(func() {
		defer close(dispatched)
		_ = s.dispatcher.Run(dispatching) // it has no error of its own
	})
	defer func() {
		stopDispatch()
		<-dispatched // before the state directory is given up
	}()
	defer s.writeLastKnownState()()
	defer s.writeSnapshots()()
	defer s.watchState()()
	err := s.supervisor.Run(ctx)
	if s.supervisor.Quiesced() {
		s.stopAccepting()
	}
	return err
}

// awaitShutdown passes Shutdown and Kill on to the supervisor.
func (s *server) awaitShutdown(cancel context.CancelFunc) {
	stopping, killed := s.runState.stopping, s.runState.killed
	for {
		select {
		case <-stopping:
			cancel()
			stopping = nil
		case <-killed:
			cancel()
			s.supervisor.KillAll()
			killed = nil
		case <-s.runContext.Done():
			return
		}
	}
}

// Shutdown implements api.Control: it begins the end, in order or with kill at once.
func (s *server) Shutdown(kill bool) {
	s.runState.requestStop()
	if kill {
		s.runState.requestKill()
	}
}

// statusTimeout bounds the wait for the counts of tasks in a status.
const statusTimeout = 2 * time.Second

// Status describes the running initiator. It implements api.Control.
func (s *server) Status() report.Status {
	ctx, cancel := context.WithTimeout(s.runContext, statusTimeout)
	defer cancel()
	counts, _ := s.dispatcher.CountTasks(ctx) // without counts the rest is still true
	fault, _ := s.dispatcher.StorageFault(ctx)
	return report.Status{
		PID: os.Getpid(), Version: Version, Config: s.Plan().File, URL: s.api.URL(), Socket: s.Socket(),
		Started: s.started, Workers: s.listWorkers(), Tasks: counts, StorageError: fault, Stopping: isClosed(s.ending),
		Paused: s.pools.ListPaused(), Generation: s.execState.GenerationNumber(), UpgradeError: s.execState.RevertReason(),
		Problems: s.problems.All(), Unattributed: s.supervisor.Unattributed(), Left: s.supervisor.LeftProcesses(),
	}
}

// ProblemNames implements api.Control.
func (s *server) ProblemNames(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var names []string
	for _, p := range s.problems.All() {
		names = append(names, p.Name)
	}
	if fault, err := s.dispatcher.StorageFault(ctx); err == nil && fault != "" {
		names = append(names, "storage")
	}
	return names
}
