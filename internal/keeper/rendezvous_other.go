//go:build !linux

package keeper

import (
	"errors"
	"net"
)

// errNoGap: elsewhere workers outlive a killed keeper, and nothing tells one
// process from another of the same number.
var errNoGap = errors.New("on_initiator_exit = keep and upgrade need Linux")

func (k *Keeper) meetAt(string) error { return nil }

func dialMeeting(string) (*net.UnixConn, *foundKeeper, error) { return nil, nil, ErrNoKeeper }

func accept(int) (int, error) { return -1, errNoGap }

func sameUser(int) bool { return false }

type foundKeeper struct{}

func (*foundKeeper) find(int) error { return errNoGap }
func (*foundKeeper) pid() int       { return 0 }
func (*foundKeeper) kill() error    { return errNoGap }
func (*foundKeeper) wait() string   { return "" }
func (*foundKeeper) leave()         {}
