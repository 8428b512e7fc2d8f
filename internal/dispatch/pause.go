package dispatch

import (
	"context"
	"time"
)

// SetPaused lets a pool rest, or go on: a paused one takes tasks and gives none to
// its workers; those that run, run on. It is not kept here: whoever makes the
// Pools says so again at the next start. Errors: *UnknownPoolError, ErrClosed.
func (d *Dispatcher) SetPaused(ctx context.Context, name string, paused bool) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		p := d.pools[name]
		if p == nil || p.gone {
			m.reply(struct{}{}, &UnknownPoolError{name})
			return
		}
		p.Paused = paused
		d.changed[p] = true
		m.reply(struct{}{}, nil)
	})
	return err
}
