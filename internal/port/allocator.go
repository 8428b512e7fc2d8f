package port

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// Range is where an initiator's workers get their ports.
type Range struct {
	// Addr is the IP address (or a name of one) to hold ports on; "" is
	// 127.0.0.1. "::" covers IPv4 too.
	Addr string
	// Min and Max are the first and the last port. Both 0: any port that the
	// kernel finds free.
	Min, Max int
}

func (r Range) host() string {
	if r.Addr == "" {
		return defaultHost
	}
	return r.Addr
}

// Allocator gives each worker a port of its own. It is safe for concurrent
// use, and several initiators may share one range: with Reserve and Inherit
// it is the kernel that decides who was first. Make one with New.
//
// A worker gets the lowest free port, because that is what people expect to
// find. So that the thousandth does not try the first 999 again, the
// allocator remembers from where on a port may be free: ports below that mark
// are tried again when one of ours is released there, and when nothing above
// is left.
type Allocator struct {
	rng Range

	mu sync.Mutex
	// held are our live reservations by number and address. It keeps them
	// alive: the port of one that nobody remembers must not be lost unnoticed.
	held map[int]map[netip.Addr]*Reservation
	// mark: every port of the range below it is ours or was seen taken.
	mark int
}

// New returns an allocator for r. A Max above 65535 counts as 65535.
func New(r Range) *Allocator {
	r.Max = min(r.Max, highest)
	if r.Max > 0 {
		r.Min = max(r.Min, 1)
	}
	return &Allocator{rng: r, held: map[int]map[netip.Addr]*Reservation{}, mark: r.Min}
}

// Take holds a port for one worker: fixed, or with fixed = 0 the lowest free
// one of the range that is not in busy. mode is Reserve, Inherit or Bind; addr
// "" is the range's own. busy is only read, during the call, and may be nil.
//
// The error is a *Taken (fixed belongs to another), an *Exhausted (no port of
// the range is free), or says what is wrong with addr or mode.
func (a *Allocator) Take(mode string, addr string, fixed int, busy map[int]bool) (*Reservation, error) {
	if addr == "" {
		addr = a.rng.Addr
	}
	if err := valid(mode, fixed); err != nil {
		return nil, err
	}
	ip, err := resolve(addr)
	if err != nil {
		return nil, err
	}
	res := &Reservation{Addr: addr, Mode: mode, alloc: a, ip: ip}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case fixed != 0:
		err = a.takeFixed(res, fixed)
	case a.rng.Max == 0:
		err = a.takeAny(res, busy)
	default:
		err = a.takeNext(res, busy)
	}
	if err != nil {
		return nil, err
	}
	a.hold(res)
	return res, nil
}

func valid(mode string, fixed int) error {
	switch mode {
	case Reserve, Inherit, Bind:
	default:
		return fmt.Errorf("take port: unknown mode %q; socket is %s, %s or %s", mode, Reserve, Inherit, Bind)
	}
	if fixed < 0 || fixed > highest {
		return fmt.Errorf("take port %d: no such port; give 1…%d, or `port = auto`", fixed, highest)
	}
	return nil
}

func (a *Allocator) takeFixed(res *Reservation, port int) error {
	if a.held[port][res.ip] != nil {
		return &TakenError{Addr: res.Addr, Port: port, Ours: true}
	}
	return bindFixed(res, port)
}

// bindFixed takes exactly that port. Only here do closed connections that
// linger not count: whoever names a port wants it back after a restart.
func bindFixed(res *Reservation, port int) error {
	err := res.occupy(port, exclusive)
	if errors.Is(err, unix.EADDRINUSE) && lingers(port) {
		err = res.occupy(port, afterClosed)
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		taken := &TakenError{Addr: res.Addr, Port: port, Err: err}
		taken.PID, taken.Command = holder(port)
		return taken
	case err != nil:
		return explain(res.Addr, port, err)
	}
	return nil
}

// takeNext takes the lowest free port: first from the mark upwards, then, if
// need be, all of them once, because strangers may have gone.
func (a *Allocator) takeNext(res *Reservation, busy map[int]bool) error {
	err := a.scan(res, a.mark, busy)
	var none *ExhaustedError
	if errors.As(err, &none) && a.mark > a.rng.Min {
		a.mark = a.rng.Min
		err = a.scan(res, a.mark, busy)
	}
	return err
}

// scan takes the lowest free port from `from` on. The mark follows over ports
// that are ours or another's, and stops at the first that is only busy: the
// next caller may not call it so.
func (a *Allocator) scan(res *Reservation, from int, busy map[int]bool) error {
	none := &ExhaustedError{Range: Range{res.Addr, a.rng.Min, a.rng.Max}, Section: "initiator"}
	var failure error
	port, ok := next(from, a.rng.Max, func(p int) bool {
		var free bool
		switch free, failure = a.try(res, p, busy, none); {
		case failure != nil:
			return false
		case a.mark == p && (!busy[p] || len(a.held[p]) > 0):
			a.mark++
		}
		return !free
	})
	switch {
	case failure != nil:
		return explain(res.Addr, port, failure)
	case !ok:
		return none
	}
	return nil
}

// try takes p unless it is known or found to be taken, and counts by whom.
func (a *Allocator) try(res *Reservation, p int, busy map[int]bool, none *ExhaustedError) (bool, error) {
	switch {
	case len(a.held[p]) > 0:
		none.Ours++
		return false, nil
	case busy[p]:
		none.Busy++
		return false, nil
	}
	err := res.occupy(p, exclusive)
	if errors.Is(err, unix.EADDRINUSE) {
		none.Others++
		return false, nil
	}
	return err == nil, err
}

// takeAny lets the kernel choose. Ports that the caller or another worker has
// are held until a good one is found, or the kernel would offer them again.
func (a *Allocator) takeAny(res *Reservation, busy map[int]bool) error {
	var rejected []int
	defer func() {
		for _, fd := range rejected {
			_ = unix.Close(fd)
		}
	}()
	for {
		fd, port, err := open(res.holdMode(), res.ip, 0, exclusive)
		if err != nil {
			return explain(res.Addr, 0, err)
		}
		if !busy[port] && len(a.held[port]) == 0 {
			return res.adopt(fd, port)
		}
		rejected = append(rejected, fd)
	}
}

func (a *Allocator) hold(res *Reservation) {
	if a.held[res.Port] == nil {
		a.held[res.Port] = map[netip.Addr]*Reservation{}
	}
	a.held[res.Port][res.ip] = res
}

// free forgets a reservation; its number is the next candidate again.
func (a *Allocator) free(res *Reservation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.held[res.Port], res.ip)
	if len(a.held[res.Port]) > 0 {
		return
	}
	delete(a.held, res.Port)
	if res.Port >= a.rng.Min && res.Port < a.mark {
		a.mark = res.Port
	}
}
