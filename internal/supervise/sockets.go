package supervise

import (
	"errors"
	"fmt"

	"initiator/internal/plan"
	"initiator/internal/port"
)

// fitsSpec reports whether a reservation still is what the definition asks for.
func fitsSpec(r *port.Reservation, spec *plan.Spec) bool {
	return r.Mode == spec.PortMode() && (spec.Port == 0 || spec.Port == r.Port) && (spec.ListenAddr == "" || spec.ListenAddr == r.Addr)
}

// takePort gives a worker its port, and the keeper the socket that holds it.
func (l *loop) takePort(w *worker) error {
	spec := w.rec.Spec
	if other := w.findSharer(func(r *port.Reservation) bool { return spec.SharesPort() && fitsSpec(r, spec) }); other != nil {
		return l.sharePort(w, other)
	}
	take := func() (*port.Reservation, error) {
		return l.opts.Ports.Take(spec.PortMode(), spec.ListenAddr, spec.Port, l.foreignPorts)
	}
	taken, err := take()
	if none := (*port.ExhaustedError)(nil); errors.As(err, &none) && len(l.foreignPorts) > 0 {
		clear(l.foreignPorts) // foreign programs end; a port that is still taken is found again
		taken, err = take()
	}
	if err != nil {
		return l.explainTaken(w, err)
	}
	w.port = taken
	return l.holdSocket(w)
}

// findSharer returns another worker of the pool whose port fits, and preferably one
// whose socket the keeper has; nil = there is none.
func (w *worker) findSharer(fits func(*port.Reservation) bool) (sharer *worker) {
	for _, other := range w.pool.workers {
		if other == w || other.port == nil || !fits(other.port) {
			continue
		}
		if !other.socketLost {
			return other
		}
		sharer = other
	}
	return sharer
}

// sharePort gives a worker the port and the socket of another worker of its pool.
func (l *loop) sharePort(w, other *worker) error {
	w.port, w.socketLost = other.port.Share(), other.socketLost
	err := l.renewSocket(w)
	if err != nil {
		l.releasePort(w)
	}
	return err
}

// renewSocket gives the keeper a socket for the port that a worker has: a copy of
// the socket of a worker that shares the port, or else a new socket.
func (l *loop) renewSocket(w *worker) (err error) {
	other := w.findSharer(func(r *port.Reservation) bool { return r == w.port })
	if other != nil && !other.socketLost {
		err = l.keeper.ShareSocket(w.guid, other.guid)
	} else if err = w.port.Rebind(); err == nil {
		err = l.holdSocket(w)
	}
	w.socketLost = err != nil
	return err
}

// rebindPort creates a socket that died with the keeper again, on the same
// port. A worker whose port another program has taken in the meantime gets
// another port at its spawn.
func (l *loop) rebindPort(w *worker) {
	if w.port == nil || w.port.Mode == port.Bind {
		return
	}
	if err := l.renewSocket(w); err != nil {
		l.log.Warn("bind the port of a worker again: "+err.Error(), "worker", w.pool.spec.Name, "guid", w.guid)
		l.releasePort(w)
	}
}

// holdSocket gives the keeper its copy of the socket and closes the
// initiator's.
func (l *loop) holdSocket(w *worker) error {
	f := w.port.File()
	if f == nil {
		return nil
	}
	if err := l.keeper.HoldSocket(w.guid, f); err != nil {
		return fmt.Errorf("hold port %d: %w", w.port.Port, err)
	}
	return w.port.Close()
}
