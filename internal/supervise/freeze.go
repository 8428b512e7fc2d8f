package supervise

import (
	"context"
	"errors"
	"time"

	"initiator/internal/keeper"
)

// quiesceRequest is a Freeze that waits for the keeper to have told all that no memo
// is there for. The loop owns it until done has its answer.
type quiesceRequest struct {
	keeper *keeper.Keeper
	stay   time.Duration
	done   chan error
}

// Quiesce prepares for another process of this program to go on: it leaves a
// memo of every worker with the keeper, which holds them all for that long, and
// ends Run with nothing stopped. Nothing happens to a worker from then on; what
// comes is for the next. The caller then leaves the keeper without closing it.
// When ctx ends before all that is done, everything goes on as it was.
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
	case <-ctx.Done(): // it may just have happened all the same
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
	case err := <-f.done: // the last thing that it did
		return err
	default:
		return ErrEnded
	}
}

// startQuiesce leaves the memos. What the keeper had said of a worker before it had
// one is on its way to us, and only to us: we go on until we have heard it.
func (l *loop) startQuiesce(stay time.Duration) (*quiesceRequest, error) {
	k := l.keeper
	switch {
	case l.stopping:
		return nil, ErrStopping
	case l.quiescing != nil:
		return nil, errors.New("it is being frozen already")
	case k == nil || l.replacing:
		return nil, errors.New("there is no keeper that could hold the workers")
	}
	f := &quiesceRequest{k, stay, make(chan error, 1)}
	l.savesSnapshots, l.quiescing = true, f
	for _, w := range l.order {
		w.saved = w.summarize()
		l.sendSnapshot(w, l.encodeSnapshot(w))
	}
	if err := k.Sync(); err != nil {
		l.abortUpgrade(err)
	}
	return f, nil
}

// finishQuiesce is the keeper's word that it has told everything: from here on all is
// another's.
func (l *loop) finishQuiesce() {
	f := l.quiescing
	if f == nil || l.quiesced {
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

// abortUpgrade goes on as if nobody had asked.
func (l *loop) abortUpgrade(err error) {
	if f := l.quiescing; f != nil {
		l.quiescing = nil
		f.done <- err
	}
}

// Quiesced reports whether Run has ended because of Freeze.
func (s *Supervisor) Quiesced() bool {
	select {
	case <-s.done:
		return s.loop.quiesced
	default:
		return false
	}
}
