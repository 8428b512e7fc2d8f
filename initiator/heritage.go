package initiator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
	"initiator/internal/supervise"
)

// heritage is what an earlier initiator has left in this state directory.
type heritage struct {
	port   int                 // where its API was; 0 = it had none
	keeper *keeper.Keeper      // that waits for us; nil = none does
	held   []keeper.KeptWorker // by that keeper, or by nobody
	marked []string            // guids of workers that were marked keep
}

// inherit looks for what is there. Nothing is changed, but that a keeper that
// waits is ours from then on.
func inherit(state string, o keeper.Options) (*heritage, error) {
	home, err := readHome(state)
	list, bad := readLedger(state, bootID())
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	h := &heritage{port: home.Port, marked: ledgered(state)}
	h.keeper, h.held, err = keeper.Attach(o.HandoverSocket, o)
	if errors.Is(err, keeper.ErrNoKeeper) {
		h.held = list // their keeper was killed as well
		return h, nil
	}
	return h, err
}

// expected reports whether somebody expects us where the last one was.
func (h *heritage) expected() bool { return len(h.held) > 0 }

// take gives the keeper to go on with: the one that was found, or a new one,
// which adopts what has outlived its own.
func (h *heritage) take(o keeper.Options) (*keeper.Keeper, error) {
	if h.keeper != nil {
		return h.keeper, nil
	}
	k, err := keeper.Launch(o)
	if err != nil {
		return nil, fmt.Errorf("start the keeper: %w", err)
	}
	if len(h.held) == 0 {
		return k, nil
	}
	h.adopt(k, o)
	return k, k.Sync()
}

// sweep ends what is left of the workers of an initiator that was killed
// together with its keeper. Those that were marked keep are not among them: they
// are adopted when they prove who they are, and else left alone.
func (h *heritage) sweep(guids []string, log hclog.Logger) {
	if h.keeper != nil {
		return // it has them all
	}
	guids = slices.DeleteFunc(guids, func(guid string) bool {
		return slices.Contains(h.marked, guid)
	})
	if ended := supervise.KillLeftovers(guids); len(ended) > 0 {
		log.Warn("the last initiator and its keeper were killed; ended what their workers had left", "processes", ended)
	}
}

// adoptGrace is how long a new keeper keeps their exits until the supervisor
// has told it what their definition says.
const adoptGrace = time.Minute

// adopt asks each who it is, and gives those that prove it to the keeper. The
// others are taken to have ended: whoever runs under their number is left alone.
func (h *heritage) adopt(k *keeper.Keeper, o keeper.Options) {
	var group sync.WaitGroup
	for i := range h.held {
		w := &h.held[i]
		group.Go(func() {
			order, err := supervise.ProveHeld(context.Background(), *w) // it has a timeout of its own
			if err != nil && w.PID != 0 {
				o.Logger.Warn("a worker of an earlier initiator is not adopted; no process was signalled", "guid", w.GUID, "pid", w.PID, "reason", err)
			}
			if w.PID != 0 {
				_ = k.Adopt(order, w.Snapshot, adoptGrace) // a keeper that is gone says so itself
			}
			w.PID, w.StartTime = order.PID, order.StartTime
		})
	}
	group.Wait()
}

// outdated reports whether the keeper that was found speaks an older version.
func (h *heritage) outdated() bool {
	return h.keeper != nil && h.keeper.Version() < keeper.Version
}

// drop gives the keeper back when we cannot go on: it waits for the next.
func (h *heritage) drop() {
	if h.keeper != nil {
		h.keeper.Detach()
	}
}

// arrived tells the keeper that was found that we have come up: what it held for
// an upgrade is held by us from here on.
func (h *heritage) arrived() {
	if h.keeper != nil {
		_ = h.keeper.KeepAllFor(0) // one that is gone says so itself
	}
}

// holds reports whether a task of that worker may still run.
func (h *heritage) holds(guid string, incarnation int) bool {
	for _, w := range h.held {
		if w.GUID == guid && w.Incarnation == incarnation {
			return true
		}
	}
	return false
}

func rendezvous(state string) string { return filepath.Join(state, keeperSocket) }
