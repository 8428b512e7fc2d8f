package handover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/keeper"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// State is what an earlier initiator has left. One goroutine owns it.
type State struct {
	// APIPort is the port of the earlier initiator's API; 0 = there was none.
	APIPort int
	// PortLost says that the port of the earlier API is unknown, because the file
	// was damaged.
	PortLost bool
	// Damaged are the files that were set aside.
	Damaged []statedir.DamagedFile
	// Held are the workers that may have outlived it.
	Held []keeper.KeptWorker

	keeper       *keeper.Keeper // the keeper that waits; nil = there is none
	keeperKilled bool           // the last keeper did not end in order
}

// KeeperSocket is the path at which a keeper waits for the next initiator of a
// state directory.
func KeeperSocket(stateDir string) string { return filepath.Join(stateDir, "keeper.sock") }

// Load reads what is left in an open state directory. A keeper that waits belongs to
// this process from then on. Damaged files are set aside. The error joins a
// *statedir.FormatError for each file that a newer program has written.
func Load(dir *statedir.Dir, o keeper.Options) (*State, error) {
	port, portErr := statedir.ReadAPIPort(dir.Path())
	snapshots, err := statedir.ReadSnapshots(dir.Path(), statedir.CurrentBoot())
	damaged, err := dir.SetAside(errors.Join(portErr, err))
	if err != nil {
		return nil, err
	}
	s := &State{APIPort: port, PortLost: portErr != nil, Damaged: damaged}
	s.keeper, s.Held, err = keeper.Attach(o.HandoverSocket, o)
	if errors.Is(err, keeper.ErrNoKeeper) {
		s.Held = snapshots // the keeper was killed as well
		_, err := os.Lstat(o.HandoverSocket)
		s.keeperKilled = err == nil // a keeper that ends in order removes its socket
		return s, nil
	}
	return s, err
}

// Mark names a state directory in the environment of the processes that its
// initiator starts; "" = there is no such directory.
func Mark(stateDir string) string {
	var st syscall.Stat_t
	if syscall.Stat(stateDir, &st) != nil {
		return ""
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// Listen opens the API on the earlier initiator's port, because workers that
// outlived it call that port. When there are no such workers, another port will
// do.
func (s *State) Listen(o api.Options) (*api.Server, error) {
	configured := o.Port
	if o.Port == 0 {
		o.Port = s.APIPort
	}
	server, err := api.Listen(o)
	switch {
	case err == nil || !errors.Is(err, syscall.EADDRINUSE):
		return server, err
	case len(s.Held) > 0:
		return nil, fmt.Errorf("port %d is taken, and workers that outlived the last initiator call it: %w; they run on and wait", o.Port, err)
	case configured == 0:
		o.Port = 0
		return api.Listen(o)
	}
	return nil, err
}

// KillLeftovers ends what is left of the workers of an initiator that was killed
// together with its keeper. It spares the processes of workers with
// on_initiator_exit = keep whose snapshot names a process that runs: they are
// adopted when they prove which worker they are, and otherwise left alone. A
// process that is newer than the snapshot is ended, because no snapshot says
// how to go on with it. With a keeper that waits there is nothing to end.
// crashed are the workers of an initiator that did not end in order.
// What left names is not ended.
func (s *State) KillLeftovers(stateDir string, crashed []supervise.LeftWorker, left []report.LeftProcess, log hclog.Logger) {
	if s.keeper != nil || !s.keeperKilled && len(crashed) == 0 {
		return
	}
	ended := supervise.KillLeftovers(supervise.Leftovers{Mark: Mark(stateDir), Workers: crashed, Held: s.Held, Left: left})
	if len(ended) > 0 {
		log.Warn("the last initiator and its keeper were killed; ended what their workers had left", "processes", ended)
	}
}

// IsHeld reports whether that incarnation of a worker may still run, and with it
// its tasks.
func (s *State) IsHeld(guid string, incarnation int) bool {
	return slices.ContainsFunc(s.Held, func(w keeper.KeptWorker) bool { return w.GUID == guid && w.Incarnation == incarnation })
}
