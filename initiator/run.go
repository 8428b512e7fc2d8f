package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/api"
	"initiator/internal/dispatch"
	"initiator/internal/keeper"
	"initiator/internal/loopback"
	"initiator/internal/output"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// Initiator is one running house. It is made with New; Run brings it up and
// takes it down again, once.
type Initiator struct {
	log       hclog.Logger
	current   atomic.Pointer[plan.Plan] // another after a reload
	journal   *journal
	told      told
	relay     *output.Relay
	looking   chan struct{} // a token for each log that is, or waits to be, searched for a panic
	searching sync.Mutex
	outputs   [2]io.Writer // stdout and stderr, for workers
	logFile   string       // of log; "" = none
	// lastSeen writes what is to be known after a crash.
	lastSeen *lastSeen
	started  time.Time

	// reread reads the file again; nil when there is none. reloading lets one
	// reload happen at a time.
	reread    func() (*plan.Plan, error)
	reloading sync.Mutex

	supervisor *supervise.Supervisor
	dispatcher *dispatch.Dispatcher
	server     *api.Server
	ledger     *ledger
	state      *stateDir
	moved      bool // the API is on another port than workers that outlived the last one were told
	pauses     *pauses
	signs      string // callbacks, where the pool has no secret
	schedules  *schedules

	past      *succession // of an earlier program of this process; nil = there was none
	closing   sync.Once   // of the API
	upgrading sync.Mutex
	next      atomic.Pointer[successor] // set once this program is to end for another
	came      func()                    // to be called when it is up
	volatile  bool                      // no task outlives Run

	passed []net.Listener // sockets that were opened for the API

	// life ends when Run does; background counts what runs on its behalf.
	life       context.Context
	endLife    context.CancelFunc
	background background

	listening chan struct{} // closed when the API answers
	begun     sync.Once
	quit      chan struct{} // closed by Shutdown
	quitOnce  sync.Once
	over      chan struct{} // closed when Run has returned
	killed    chan struct{} // closed by Kill
	killOnce  sync.Once
}

// New reads and checks what is to run. Nothing is started and nothing is
// written. The error is a proactor.Faults when the INI has faults.
func New(c Config) (*Initiator, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	in := &Initiator{
		log: log, journal: newJournal(), looking: make(chan struct{}, lookers), volatile: c.Volatile, outputs: [2]io.Writer{c.Stdout, c.Stderr},
		listening: make(chan struct{}), quit: make(chan struct{}), over: make(chan struct{}), killed: make(chan struct{}),
	}
	in.passed, in.logFile = c.Passed, c.LogFile
	in.current.Store(p)
	if c.Plan == nil {
		in.reread = c.plan
	}
	in.life, in.endLife = context.WithCancel(context.Background())
	return in, nil
}

// Run starts everything and returns when ctx is done or Shutdown was called,
// and everything is stopped and empty. It may be called once.
//
// Things end in the opposite order of their start: workers while results can
// still arrive, then dispatch, then the API, then the keeper.
func (in *Initiator) Run(ctx context.Context) (err error) {
	first := false
	in.begun.Do(func() { first = true })
	if !first {
		return fmt.Errorf("run: this initiator has run already; make another with New")
	}
	in.past = handed()
	in.came = in.watchComing()
	defer func() { err = in.part(err) }()
	defer close(in.over)
	defer in.background.Wait()
	defer in.endLife()
	in.started = time.Now()
	for _, w := range in.Plan().Warnings {
		in.log.Warn(w)
	}
	in.warnOfKeep()

	state, err := openState(in.Plan().Settings.StateDir, in.past)
	if err != nil {
		return err
	}
	in.state = state
	defer state.close()
	in.lastSeen = newLastSeen(state.path, in.log)
	in.journal.last = in.lastSeen.first()
	token, err := state.token()
	if err != nil {
		return err
	}
	in.signs = callbackSecret(token)
	if in.schedules, err = readSchedules(state.path, in.Submit, in.log.Named("schedules")); err != nil {
		return err
	}
	if in.pauses, err = readPauses(state.path); err != nil {
		return err
	}
	queue, err := in.openQueue(state.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	past, err := inherit(state.path, in.keeperOptions())
	if err != nil {
		return err
	}
	if in.past == nil {
		past.sweep(in.lastSeen.left, in.log)
	}
	if in.server, err = in.listen(token, past); err != nil {
		past.drop()
		return err
	}
	defer in.closeServer()
	in.moved = past.port != 0 && past.port != in.server.Port()
	in.noteHome(state.path)
	in.ledger = newLedger(state.path, in.log)
	in.ledger.prune(past.held)
	k, err := past.take(in.keeperOptions())
	if err != nil {
		return err
	}
	return errors.Join(in.supervise(ctx, k, queue, past), in.partFrom(k))
}

func (in *Initiator) listen(token string, past *heritage) (*api.Server, error) {
	s := in.Plan().Settings
	addr := apiAddr(in.passed, s.ListenAddr)
	if !s.Insecure && !loopback.IsHost(addr) {
		return nil, fmt.Errorf("listen on %s: refused, because it is beyond loopback and there is no TLS; use 127.0.0.1, or `insecure = true` in [initiator] if others can be trusted with everything", addr)
	}
	if s.Insecure {
		in.log.Warn("insecure = true: whoever can reach the address can read tokens on the wire", "listen_addr", addr)
	}
	passed := in.passed
	if in.past != nil {
		inherited, err := in.past.listeners()
		if err != nil {
			return nil, err
		}
		passed = inherited
	}
	return past.listen(api.Options{
		Addr: s.ListenAddr, Port: s.ListenPort, Passed: passed, Own: in.past != nil && in.past.Own, Token: token, Logger: in.log.Named("api"),
		Socket: SocketPath(in.Plan()), SocketMode: modeOf(s.SocketMode),
	})
}

// closeGrace is how long requests may take to end after everything else has.
const closeGrace = 2 * time.Second

func (in *Initiator) closeServer() {
	in.closing.Do(func() {
		in.endLife() // ends event streams, which would never end by themselves
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		in.server.Close(ctx)
	})
}

// supervise runs the two loops until the end.
func (in *Initiator) supervise(ctx context.Context, k *keeper.Keeper, queue task.Queue, past *heritage) error {
	in.dispatcher = dispatch.New(dispatch.Options{
		Queue: queue, Pools: in.pauses.mark(pools(in.Plan())), Master: in.server.URL(),
		Observer: workerObserver{in}, Logger: in.log.Named("dispatch"), CallbackSecret: in.signs, WillResume: past.holds, OnConnected: workerObserver{in}.opened,
	})
	defer in.openRelay(in.outputs[0], in.outputs[1])()
	s := in.Plan().Settings
	in.supervisor = supervise.New(supervise.Options{
		Keeper:    k,
		NewKeeper: func() (supervise.Keeper, error) { return keeper.Launch(in.keeperOptions()) },
		Ports:     port.New(port.Range{Addr: s.ListenAddr, Min: s.ChildPortMin, Max: s.ChildPortMax}),
		Plan:      in.Plan(), Dispatcher: tasks{in}, Logger: in.log.Named("supervise"),
		Stdin: in.stdin, ParentURL: in.server.URL(), OnTransition: in.heard,
		OnOutput: in.relay.RelayLines, AllStderr: in.log.IsDebug(), LastSeq: in.journal.newest(),
		Held: past.held, KeeperOutdated: past.outdated(), OnResumed: func() { in.serve(); past.arrived() }, Snapshots: in.ledger,
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in.background.Go(func() { in.watchEnd(cancel) })
	dispatching, stopDispatch := context.WithCancel(context.Background())
	dispatched := make(chan struct{})
	in.background.Go(func() {
		defer close(dispatched)
		_ = in.dispatcher.Run(dispatching) // it has no error of its own
	})
	defer func() {
		stopDispatch()
		<-dispatched // before the state directory is given back
	}()
	defer in.remember()()
	defer in.keepLedger()()
	err := in.supervisor.Run(ctx)
	if in.supervisor.Quiesced() {
		in.hush()
	}
	return err
}

// watchEnd turns Shutdown and Kill into what the supervisor understands.
func (in *Initiator) watchEnd(cancel context.CancelFunc) {
	quit, killed := in.quit, in.killed
	for {
		select {
		case <-quit:
			cancel()
			quit = nil
		case <-killed:
			cancel()
			in.supervisor.KillAll()
			killed = nil
		case <-in.life.Done():
			return
		}
	}
}

// Shutdown begins the end: politely, or with kill at once. It does not wait;
// Run returns when it is done.
func (in *Initiator) Shutdown(kill bool) {
	in.quitOnce.Do(func() { close(in.quit) })
	if kill {
		in.Kill()
	}
}

// Kill ends every worker at once, without drain or stopwaitsecs.
func (in *Initiator) Kill() { in.killOnce.Do(func() { close(in.killed) }) }

// Listening is closed when the API answers.
func (in *Initiator) Listening() <-chan struct{} { return in.listening }

// URL is the base of the API on TCP. Only after Listening.
func (in *Initiator) URL() string { return in.server.URL() }

// Socket is the path of the API's unix socket.
func (in *Initiator) Socket() string { return SocketPath(in.Plan()) }

// StateDir is where the state is.
func (in *Initiator) StateDir() string { return filepath.Clean(in.Plan().Settings.StateDir) }

// Plan is what was read last. It must not be changed.
func (in *Initiator) Plan() *plan.Plan { return in.current.Load() }
