package supervise

import (
	"context"
	"errors"
	"time"
)

// stayer is a keeper that can hold everything for its next initiator.
type stayer interface {
	Stay(time.Duration) error
}

// Freeze prepares for another process of this program to go on: it leaves a
// memo of every worker with the keeper, which holds them all for that long, and
// ends Run with nothing stopped. Nothing happens to a worker from then on; what
// comes is for the next. The caller then leaves the keeper without closing it.
func (s *Supervisor) Freeze(ctx context.Context, stay time.Duration) error {
	return s.ask(ctx, func(l *loop) error {
		k, able := l.keeper.(stayer)
		switch {
		case l.closing:
			return ErrStopping
		case !able || l.replacing:
			return errors.New("there is no keeper that could hold the workers")
		}
		l.depositing, l.freezing = true, true
		for _, w := range l.order {
			w.noted = w.summary()
			l.leave(w, l.memo(w))
		}
		if err := k.Stay(stay); err != nil {
			l.freezing = false
			return err
		}
		return nil
	})
}

// Frozen reports whether Run has ended because of Freeze.
func (s *Supervisor) Frozen() bool {
	select {
	case <-s.done:
		return s.loop.freezing
	default:
		return false
	}
}
