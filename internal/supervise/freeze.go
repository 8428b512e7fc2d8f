package supervise

import (
	"context"
	"errors"
	"time"

	"initiator/internal/keeper"
)

// freeze is a Freeze that waits for the keeper to have told all that no memo
// is there for. The loop owns it until done has its answer.
type freeze struct {
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
	var f *freeze
	err := s.ask(ctx, func(l *loop) (err error) {
		f, err = l.freeze(stay)
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
			if l.freezing == f && !l.frozen {
				l.thaw(context.Cause(ctx))
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

// freeze leaves the memos. What the keeper had said of a worker before it had
// one is on its way to us, and only to us: we go on until we have heard it.
func (l *loop) freeze(stay time.Duration) (*freeze, error) {
	k := l.keeper
	switch {
	case l.closing:
		return nil, ErrStopping
	case l.freezing != nil:
		return nil, errors.New("it is being frozen already")
	case k == nil || l.replacing:
		return nil, errors.New("there is no keeper that could hold the workers")
	}
	f := &freeze{k, stay, make(chan error, 1)}
	l.depositing, l.freezing = true, f
	for _, w := range l.order {
		w.noted = w.summary()
		l.leave(w, l.memo(w))
	}
	if err := k.Sync(); err != nil {
		l.thaw(err)
	}
	return f, nil
}

// synced is the keeper's word that it has told everything: from here on all is
// another's.
func (l *loop) synced() {
	f := l.freezing
	if f == nil || l.frozen {
		return
	}
	if l.closing {
		l.thaw(ErrStopping)
		return
	}
	if err := f.keeper.KeepAllFor(f.stay); err != nil {
		l.thaw(err)
		return
	}
	l.frozen = true
	f.done <- nil
}

// thaw goes on as if nobody had asked.
func (l *loop) thaw(err error) {
	if f := l.freezing; f != nil {
		l.freezing = nil
		f.done <- err
	}
}

// Quiesced reports whether Run has ended because of Freeze.
func (s *Supervisor) Quiesced() bool {
	select {
	case <-s.done:
		return s.loop.frozen
	default:
		return false
	}
}
