//go:build !linux

package keeper

import (
	"errors"
	"net"
)

// errNeedsLinux is returned because elsewhere workers outlive a killed keeper,
// and the kernel does not tell a process from a later process with the same
// number.
var errNeedsLinux = errors.New("on_initiator_exit = keep and upgrade need Linux")

func (k *Keeper) listenHandover(string) error { return nil }

// RestoreHandoverSocket does nothing where no keeper outlives its initiator.
func (k *Keeper) RestoreHandoverSocket(string) (restored bool, err error) { return false, nil }

func dialHandover(string) (*net.UnixConn, *attachedKeeper, error) { return nil, nil, ErrNoKeeper }

func acceptConn(int) (int, error) { return -1, errNeedsLinux }

func sameUser(int) bool { return false }

type attachedKeeper struct{}

func (*attachedKeeper) openHandle(int) error { return errNeedsLinux }
func (*attachedKeeper) pid() int             { return 0 }
func (*attachedKeeper) kill() error          { return errNeedsLinux }
func (*attachedKeeper) awaitEnd() string     { return "" }
func (*attachedKeeper) releaseHandle()       {}
