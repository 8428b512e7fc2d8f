package initiator

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/logbridge"
	"initiator/internal/plan"
)

// Version is the version of this program. A release sets it when linking.
var Version = "0.1.0-dev"

// Config is the argument of New. Path or Plan is needed; the zero value of every
// other field works.
type Config struct {
	// Path is the INI file.
	Path string
	// Plan is a plan that the caller has read already; New then does not read
	// Path. A reload reads Path; without Path it returns ErrNoFile.
	Plan *plan.Plan
	// GUID names a section of the INI with the initiator's own settings, as
	// turberfield's --guid does; "" = only [initiator] has them. Port, where it
	// is not 0, is then its listen_port. They apply whenever Path is read.
	GUID string
	Port int
	// StateDir replaces the plan's state_dir.
	StateDir string
	// Only, when not empty, names the worker definitions to start. Definitions
	// that they come after are started too; all others are not.
	Only []string
	// Main names the worker definition whose end ends the initiator; "" = none.
	// Where the INI says nothing else, its workers are not restarted after a clean
	// exit and are given up after 10 deaths within 10 minutes. The caller watches
	// them, and calls Shutdown.
	Main string
	// Mortal ends workers with on_initiator_exit = keep with the initiator like
	// all others: for a state directory that no later initiator uses.
	Mortal bool
	// Ephemeral keeps tasks in memory only, and ends all workers with the initiator, as
	// Mortal does: for a state directory that is private to one run and removed after
	// it.
	Ephemeral bool
	// Listeners are listeners for the API that another program has opened (socket
	// activation). At most one may be TCP; it replaces listen_addr and
	// listen_port. Run closes them when it has started far enough to listen.
	Listeners []net.Listener
	// Logger gets what happens; HCLog makes it of an hclog logger. Nil: warnings and
	// errors go to slog.Default(). Where it is enabled for debug, it also gets what
	// workers write to stderr and what is shown nowhere else. slog.New(slog.DiscardHandler) is silence.
	Logger *slog.Logger
	// LogFile is the file that Logger writes to, for the API to read; "" = none.
	LogFile string
	// Stdout and Stderr get the lines of workers whose log is "-", /dev/stdout or
	// /dev/stderr, with their bytes unchanged, each behind "name:index | " where
	// log_prefix asks for it. With a reader that stops reading, the workers
	// that write there wait once their pipes are full, unless log_full = drop: then
	// the reader is told how many lines it has missed. Nil: lines for Stderr, and what workers
	// write to their stderr, go to Logger at the level that log_parse recognises,
	// else at debug. Other lines are dropped.
	Stdout, Stderr io.Writer

	// resultBody is the length in bytes of the longest body with which a worker
	// reports the end of a task; 0 = bounds.ResultBody. Tests set it.
	resultBody int64
}

// HCLog returns a logger for Config.Logger that writes to an hclog logger. Levels,
// names, keys and values stay as they are.
func HCLog(l hclog.Logger) *slog.Logger { return logbridge.ToSlog(l) }

// makeLogger returns the logger inside the program.
func (c *Config) makeLogger() hclog.Logger {
	if c.Logger == nil {
		return logbridge.ToHCLog(slog.Default(), hclog.Warn)
	}
	return logbridge.ToHCLog(c.Logger, hclog.Trace)
}

// ReadPlan reads an INI as New does. Nothing is started. The error is a
// proactor.Faults with all faults of the file when it has any.
func ReadPlan(path string) (*plan.Plan, error) { return ReadPlanAs(path, "", 0) }

// ReadPlanAs reads an INI as New does with a GUID and a Port.
func ReadPlanAs(path, guid string, port int) (*plan.Plan, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running executable: %w", err)
	}
	return plan.Load(path, plan.Env{Self: self, Lookup: os.LookupEnv, GUID: guid, Port: port})
}

// readPlan returns the plan to run: the INI, changed as the remaining fields
// say.
func (c *Config) readPlan() (*plan.Plan, error) {
	p := c.Plan
	if p == nil {
		read, err := ReadPlanAs(c.Path, c.GUID, c.Port)
		if err != nil {
			return nil, err
		}
		p = read
	}
	if c.StateDir != "" {
		moved, err := p.WithStateDir(c.StateDir)
		if err != nil {
			return nil, fmt.Errorf("state directory: %w", err)
		}
		p = moved
	}
	if len(c.Only) > 0 {
		chosen, err := p.OnlyWorkers(c.Only...)
		if err != nil {
			return nil, err
		}
		p = chosen
	}
	if c.Main != "" {
		p = p.WithMain(c.Main)
	}
	if c.Mortal || c.Ephemeral {
		p = withoutKeptWorkers(p)
	}
	return p, nil
}

// withoutKeptWorkers is a plan whose workers all end with the initiator.
func withoutKeptWorkers(p *plan.Plan) *plan.Plan {
	copied := *p
	copied.Workers = slices.Clone(p.Workers)
	for i := range copied.Workers {
		copied.Workers[i].OnInitiatorExit = "stop"
	}
	return &copied
}

// socketName is the name of the API's unix socket inside the state directory.
const socketName = "initiator.sock"

// SocketPath returns the path of the API's unix socket in a state directory.
func SocketPath(stateDir string) string { return filepath.Join(stateDir, socketName) }
