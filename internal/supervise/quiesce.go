package supervise

import (
	"context"
	"errors"
	"time"

	"initiator/internal/keeper"
)

// quiesceRequest is a Quiesce that waits until the keeper has reported every
// event that happened before it had the snapshots. The loop owns it until done
// has its answer.
type quiesceRequest struct {
	keeper *keeper.Keeper
	stay   time.Duration
	done   chan error
}

// Quiesce prepares the hand-over to another process of this program. It saves a
// snapshot of every worker with the keeper, which holds all workers for stay,
// and ends Run without stopping a worker. From then on the supervisor changes
// nothing: the next initiator receives all further events. The caller then
// detaches the keeper and does not close it. When ctx ends first, the
// supervisor goes on as before.
func (s *Supervisor) Quiesce(ctx context.Context, stay time.Duration) error {
	var f *quiesceRequest
	err := s.askLoop(ctx, func(l *loop) (err error) {
		f, err = l.startQuiesce(stay)
		return err
	})
	if err != nil {
		return err
	}
	select {
	case err := <-f.done:
		return err
	case <-ctx.Done(): // it may have completed at the same moment
		s.box.Put(func(l *loop) {
			if l.quiescing == f && !l.quiesced {
				l.abortUpgrade(context.Cause(ctx))
			}
		})
	case <-s.done:
	}
	select {
	case err := <-f.done:
		return err
	case <-s.done:
	}
	select {
	case err := <-f.done: // the last message that the loop handled
		return err
	default:
		return ErrEnded
	}
}

// startQuiesce saves the snapshots. The keeper has sent events from before it
// had a snapshot only to this initiator, so the loop goes on until it has
// handled them.
func (l *loop) startQuiesce(stay time.Duration) (*quiesceRequest, error) {
	k := l.keeper
	switch {
	case l.stopping:
		return nil, ErrStopping
	case l.quiescing != nil:
		return nil, errors.New("an upgrade is being prepared already")
	case k == nil || l.replacing:
		return nil, errors.New("no keeper runs that could hold the workers: try again")
	}
	f := &quiesceRequest{k, stay, make(chan error, 1)}
	l.savesSnapshots, l.quiescing = true, f
	for _, w := range l.order {
		w.saved = w.summarize()
		l.sendSnapshot(w, l.encodeSnapshot(w))
	}
	if err := k.PauseOutput(true); err != nil && !errors.Is(err, keeper.ErrOlderKeeper) {
		l.abortUpgrade(err)
		return f, nil
	}
	if err := l.syncKeeper(func() { l.finishQuiesce(f) }); err != nil {
		l.abortUpgrade(err)
	}
	return f, nil
}

// finishQuiesce handles the keeper's answer that it has sent every event. From
// here on the next initiator owns everything.
func (l *loop) finishQuiesce(f *quiesceRequest) {
	if f != l.quiescing || l.quiesced {
		return
	}
	if l.stopping {
		l.abortUpgrade(ErrStopping)
		return
	}
	if err := f.keeper.KeepAllFor(f.stay); err != nil {
		l.abortUpgrade(err)
		return
	}
	l.quiesced = true
	f.done <- nil
}

// abortUpgrade goes on as if Quiesce had not been called.
func (l *loop) abortUpgrade(err error) {
	if f := l.quiescing; f != nil {
		l.quiescing = nil
		_ = f.keeper.PauseOutput(false) // an error means that the keeper is gone, or is older
		f.done <- err
	}
}

// Quiesced reports whether Run has ended because of Quiesce.
func (s *Supervisor) Quiesced() bool {
	select {
	case <-s.done:
		return s.loop.quiesced
	default:
		return false
	}
}
