package initiator

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/plan"
)

// Version is the version of this program; a release sets it when linking.
var Version = "0.1.0-dev"

// Config is what New is given. Path or Plan is needed; the zero value of
// everything else is good.
type Config struct {
	// Path is the INI file.
	Path string
	// Plan is used instead of reading Path.
	Plan *plan.Plan
	// GUID names a section of the INI with the initiator's own settings, as
	// turberfield's --guid does; "" = only [initiator] has them. Port, where it
	// is not 0, is then its listen_port. Neither is for a Plan.
	GUID string
	Port int
	// StateDir replaces the plan's state_dir.
	StateDir string
	// Only, when not empty, names the worker definitions to start; what they
	// come after is started too, the rest is not.
	Only []string
	// Mortal ends workers with on_initiator_exit = keep with the initiator like
	// all others: for a state directory to which nobody will come back.
	Mortal bool
	// Volatile keeps tasks in memory only: for a state that is private to one
	// run and gone after it.
	Volatile bool
	// Passed are listeners that somebody else has opened for the API (socket
	// activation): at most one of TCP, instead of listen_addr and listen_port.
	// Run closes them, when it has come so far as to listen.
	Passed []net.Listener
	// Logger is told what happens; nil tells nobody. At debug it also gets
	// what workers write to stderr.
	Logger hclog.Logger
	// LogFile is the file that Logger writes to, for those who ask for it; "" =
	// none.
	LogFile string
	// Stdout and Stderr get the lines of workers whose log is "-", each behind
	// "name:index | "; a reader that stops reading holds up nobody, and is
	// told what it has missed. Nil: those of stdout are dropped, those of
	// stderr go to Logger at debug.
	Stdout, Stderr io.Writer
}

// ReadPlan reads an INI as New would. Nothing is started. The error is a
// proactor.Faults when the file has faults, all of them.
func ReadPlan(path string) (*plan.Plan, error) { return ReadPlanAs(path, "", 0) }

// ReadPlanAs reads an INI as New would with a GUID and a Port.
func ReadPlanAs(path, guid string, port int) (*plan.Plan, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running executable: %w", err)
	}
	return plan.Load(path, plan.Env{Self: self, Lookup: os.LookupEnv, GUID: guid, Port: port})
}

// plan is what is to run: what was read, as this initiator was told to take it.
func (c *Config) plan() (*plan.Plan, error) {
	p, err := c.read()
	if err == nil && (c.Mortal || c.Volatile) {
		p = mortal(p)
	}
	return p, err
}

func (c *Config) read() (*plan.Plan, error) {
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
		return p.Only(c.Only...)
	}
	return p, nil
}

// socketName is the API's unix socket inside the state directory.
const socketName = "initiator.sock"

// SocketPath is where an initiator with this plan listens.
func SocketPath(p *plan.Plan) string { return filepath.Join(p.Settings.StateDir, socketName) }
