package initiator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/client"
	"initiator/internal/dispatch"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// Initiator runs the workers of a plan and hands them tasks. New makes it; Run
// starts everything and ends everything, once. Methods that need the running
// loops wait until Run has started them; they return an error when Run has ended
// or was never able to start. All methods may be called by any goroutine.
type Initiator struct {
	config  Config
	log     hclog.Logger
	current atomic.Pointer[plan.Plan] // replaced by a reload

	runState *runState
	server   *server // set before runState.listening is closed

	// runContext ends with Run; background has the goroutines that Run waits for.
	runContext context.Context
	endRun     context.CancelFunc
	background background

	clientMade sync.Once
	client     *client.Client // of Client; nil = not made yet
}

// New reads and checks what is to run. Nothing is started and nothing is
// written. The error is a proactor.Faults when the INI has faults.
func New(c Config) (*Initiator, error) {
	p, err := c.readPlan()
	if err != nil {
		return nil, err
	}
	in := &Initiator{config: c, log: c.Logger, runState: newRunState()}
	if in.log == nil {
		in.log = hclog.NewNullLogger()
	}
	in.current.Store(p)
	in.runContext, in.endRun = context.WithCancel(context.Background())
	return in, nil
}

// Run starts everything. It returns when ctx is done or Shutdown was called, and
// every worker is stopped and has left no process. It may be called once.
func (in *Initiator) Run(ctx context.Context) (err error) {
	first := false
	in.runState.begin.Do(func() { first = true })
	if !first {
		return errors.New("run: this initiator has run already; make another with New")
	}
	s := newServer(in)
	defer func() { err = s.replaceProgram(err) }()
	defer close(in.runState.ended)
	defer in.background.closeAndWait()
	defer in.endRun()
	return s.runParts(ctx)
}

// Shutdown begins the end: in order, or with kill at once. It does not wait; Run
// returns when everything has ended.
func (in *Initiator) Shutdown(kill bool) {
	in.runState.requestStop()
	if kill {
		in.runState.requestKill()
	}
}

// Kill ends every worker at once, without drain and without stopwaitsecs.
func (in *Initiator) Kill() { in.runState.requestKill() }

// Listening is closed when the API answers.
func (in *Initiator) Listening() <-chan struct{} { return in.runState.listening }

// Ending is closed when Shutdown was called, by this program or over the API. The
// end of Run's context does not close it.
func (in *Initiator) Ending() <-chan struct{} { return in.runState.stopping }

// URL is the base of the API on TCP. It may be called once Listening is closed.
func (in *Initiator) URL() string { return in.server.api.URL() }

// Socket is the path of the API's unix socket.
func (in *Initiator) Socket() string { return SocketPath(in.Plan().Settings.StateDir) }

// StateDir is the path of the state directory.
func (in *Initiator) StateDir() string { return filepath.Clean(in.Plan().Settings.StateDir) }

// Plan is the plan that was read last. It must not be changed.
func (in *Initiator) Plan() *plan.Plan { return in.current.Load() }

// Alive returns nil once the two loops that everything depends on have answered:
// the loop that supervises and the loop that dispatches. The error says which
// loop had not answered when ctx was done. Feed a watchdog with Alive and not
// with a timer, so that a loop that hangs is noticed.
func (in *Initiator) Alive(ctx context.Context) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	if err := s.supervisor.CheckAlive(ctx); err != nil && !errors.Is(err, supervise.ErrEnded) {
		return fmt.Errorf("the supervisor does not answer: %w", err)
	}
	if err := s.dispatcher.PingLoop(ctx); err != nil && !errors.Is(err, dispatch.ErrClosed) {
		return fmt.Errorf("the dispatcher does not answer: %w", err)
	}
	return nil
}

// waitForServer returns the server once it is up. Every method calls it before the
// method uses a part of the server.
func (in *Initiator) waitForServer(ctx context.Context) (*server, error) {
	if err := in.runState.waitUntilListening(ctx); err != nil {
		return nil, err
	}
	return in.server, nil
}

// currentServer returns the server when it is up, and nil otherwise.
func (in *Initiator) currentServer() *server {
	if isClosed(in.runState.listening) {
		return in.server
	}
	return nil
}
