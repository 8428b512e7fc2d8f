package handover

import (
	"fmt"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/supervise"
)

// adoptGrace is how long a new keeper keeps the exits of adopted workers until
// the supervisor has sent it their definitions.
const adoptGrace = time.Minute

// TakeKeeper returns the keeper to use: the keeper that waits, or a new keeper,
// which adopts the workers that have outlived their keeper.
func (s *State) TakeKeeper(o keeper.Options) (*keeper.Keeper, error) {
	if s.keeper != nil {
		return s.keeper, nil
	}
	k, err := keeper.Launch(o)
	if err != nil {
		return nil, fmt.Errorf("start the keeper: %w", err)
	}
	if len(s.Held) == 0 {
		return k, nil
	}
	s.adoptWorkers(k, o)
	return k, k.Sync()
}

// adoptWorkers asks each process which worker it is, and gives the processes
// that prove it to the keeper. All others count as ended: another process may
// have their pid, so they are not signalled.
func (s *State) adoptWorkers(k *keeper.Keeper, o keeper.Options) {
	for i, order := range supervise.ProveWorkers(s.Held, o.Logger) {
		w := &s.Held[i]
		if w.PID != 0 {
			_ = k.Adopt(order, w.Snapshot, adoptGrace) // the end of the keeper is reported elsewhere
		}
		w.PID, w.StartTime = order.PID, order.StartTime
	}
}

// KeeperOutdated reports whether the keeper that waited speaks an older version
// of the protocol.
func (s *State) KeeperOutdated() bool {
	return s.keeper != nil && s.keeper.Version() < keeper.Version
}

// ReleaseKeeper gives the keeper back when this initiator cannot start. The keeper
// waits for the next initiator.
func (s *State) ReleaseKeeper() {
	if s.keeper != nil {
		s.keeper.Detach()
	}
}

// ConfirmStart tells the keeper that this initiator has come up: workers that the
// keeper held for an upgrade belong to this initiator from now on.
func (s *State) ConfirmStart() {
	if s.keeper != nil {
		_ = s.keeper.KeepAllFor(0) // the end of the keeper is reported elsewhere
	}
}
