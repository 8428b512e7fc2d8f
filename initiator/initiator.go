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
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// Initiator runs the workers of a plan and hands them tasks. New makes it; Run
// starts everything and ends everything, once. All methods may be called by any
// goroutine, before, during and after Run. A method with a context that needs the
// running loops waits until Run has started them; it returns ErrClosed when Run has
// ended or was not able to start. A method without a context returns what is known
// at that moment.
type Initiator struct {
	config  Config
	log     hclog.Logger
	current atomic.Pointer[plan.Plan] // replaced by a reload

	runState *runState
	server   atomic.Pointer[server] // nil before the API answers, and when Run fails before
	// privateDir is the directory in state_dir that is used instead of state_dir; nil =
	// none.
	privateDir atomic.Pointer[string]

	// runContext ends with Run; background has the goroutines that Run waits for.
	runContext context.Context
	endRun     context.CancelFunc
	background background

	clientMade sync.Once
	client     *client.Client // of Client; nil = not made yet
}

// ErrInUse is the error of Run when another initiator uses the state directory.
var ErrInUse = statedir.ErrInUse

// New reads and checks what is to run. Nothing is started and nothing is
// written. The error is a proactor.Faults when the INI has faults.
func New(c Config) (*Initiator, error) {
	p, err := c.readPlan()
	if err != nil {
		return nil, err
	}
	in := &Initiator{config: c, log: c.makeLogger(), runState: newRunState()}
	in.current.Store(p)
	in.runContext, in.endRun = context.WithCancel(context.Background())
	return in, nil
}

// Run starts everything. It returns when ctx is done or Shutdown was called, and
// every worker is stopped and has left no process. It may be called once: another
// call returns ErrStarted, and a call after Shutdown or Kill returns ErrClosed. The
// error is ErrInUse when another initiator uses the state directory.
func (in *Initiator) Run(ctx context.Context) (err error) {
	if err := in.runState.beginRun(); err != nil {
		return err
	}
	s := newServer(in)
	defer func() { in.runState.endRun(err) }()
	defer func() { err = s.replaceProgram(err) }()
	defer in.background.closeAndWait()
	defer in.endRun()
	return s.runParts(ctx)
}

// Shutdown ends the initiator in order, as the end of Run's context does, and waits
// until Run returns. It returns the error of Run. When ctx ends before, Shutdown
// returns the error of ctx and the end goes on; Kill hastens it. Before Run, Shutdown
// returns at once, and Run then returns ErrClosed.
func (in *Initiator) Shutdown(ctx context.Context) error {
	in.runState.requestStop()
	return in.runState.waitForEnd(ctx)
}

// Kill ends every worker at once, without drain and without stopwaitsecs. It does not
// wait; Run returns when everything has ended. Run returns ErrClosed when it is called
// after Kill.
func (in *Initiator) Kill() { in.runState.requestKill() }

// Started is closed when the API answers, and when Run has failed before; Healthy and
// Err tell which.
func (in *Initiator) Started() <-chan struct{} { return in.runState.started }

// Err returns the error of Run once Run has returned, and ErrClosed when Shutdown or
// Kill was called before Run; otherwise nil.
func (in *Initiator) Err() error { return in.runState.runError() }

// Ending is closed when Shutdown was called, by this program or over the API. The
// end of Run's context does not close it.
func (in *Initiator) Ending() <-chan struct{} { return in.runState.stopping }

// URL is the base of the API on TCP; "" before the API answers, and when Run has
// ended before.
func (in *Initiator) URL() string {
	if s := in.currentServer(); s != nil {
		return s.api.URL()
	}
	return ""
}

// Socket is the path of the API's unix socket.
func (in *Initiator) Socket() string { return SocketPath(in.Plan().Settings.StateDir) }

// StateDir is the path of the state directory.
func (in *Initiator) StateDir() string { return filepath.Clean(in.Plan().Settings.StateDir) }

// Plan is the plan that was read last. It must not be changed.
func (in *Initiator) Plan() *plan.Plan { return in.current.Load() }

// Healthy returns nil once the two loops that everything depends on have answered:
// the loop that supervises and the loop that dispatches. The error says which
// loop had not answered when ctx was done. Feed a watchdog with Healthy and not
// with a timer, so that a loop that hangs is noticed.
func (in *Initiator) Healthy(ctx context.Context) error {
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
	if err := in.runState.waitUntilStarted(ctx); err != nil {
		return nil, err
	}
	return in.server.Load(), nil
}

// currentServer returns the server once it is up, also after the end; nil otherwise.
func (in *Initiator) currentServer() *server { return in.server.Load() }
