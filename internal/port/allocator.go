package port

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// Range is the range of ports for an initiator's workers.
type Range struct {
	// Addr is the IP address, or a name for it, on which ports are held; "" is
	// 127.0.0.1. "::" covers IPv4 too.
	Addr string
	// Min and Max are the first and the last port. Both 0: any port that the
	// kernel finds free.
	Min, Max int
}

// bounds returns the first and the last port that exist in the range.
func (r Range) bounds() (first, last int) { return max(r.Min, 1), min(r.Max, highestPort) }

func (r Range) hostOrDefault() string {
	if r.Addr == "" {
		return defaultHost
	}
	return r.Addr
}

// Allocator gives each worker a port of its own. It is safe for concurrent use,
// and several initiators may share one range: with Reserve and Inherit the
// kernel decides which initiator was first. Make an Allocator with New.
//
// A worker gets the lowest free port, because that is what people expect. The
// allocator remembers a mark, from which on a port may be free, so that the
// thousandth Take does not try the first 999 ports again. Ports below the mark
// are tried again when a port of this allocator is released there, and when no
// port above it is left.
type Allocator struct {
	rng Range

	mu sync.Mutex
	// held holds the live reservations by number and address. It keeps them
	// alive, because the socket of a reservation that is collected is closed.
	held map[int]map[netip.Addr]*Reservation
	// busy holds the keys of held, and the ports that the Take in progress has
	// found taken or was told to avoid.
	busy map[int]bool
	// listenPorts is the argument of SetListenPorts. It is only read.
	listenPorts map[int]bool
	// mark: every port of the range below it is held here, is a listen_port, or
	// was seen taken by another program.
	mark int
}

// New returns an allocator for r. A Min below 1 counts as 1, a Max above 65535
// as 65535.
func New(r Range) *Allocator {
	if r.Max > 0 {
		r.Min, r.Max = r.bounds()
	}
	return &Allocator{rng: r, held: map[int]map[netip.Addr]*Reservation{}, busy: map[int]bool{}, mark: r.Min}
}

// SetListenPorts sets the ports that the configuration gives to a worker or
// another program by number: every listen_port in it. A Take without a fixed
// port avoids them. It replaces the ports of the call before, and is called
// once for each plan. The allocator keeps the map, which must not be changed
// afterwards.
func (a *Allocator) SetListenPorts(ports map[int]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listenPorts, a.mark = ports, a.rng.Min
}

// Take holds a port for one worker: fixed, or with fixed = 0 the lowest free
// port of the range, see [NextPort], that is not in avoid. mode is Reserve,
// Inherit or Bind; addr "" is the range's own. avoid is only read, during the
// call, and may be nil.
//
// The error is a *TakenError (another worker or program has the fixed port), an
// *ExhaustedError (no port of the range is free), or says what is wrong with
// addr or mode.
func (a *Allocator) Take(mode string, addr string, fixed int, avoid map[int]bool) (*Reservation, error) {
	if addr == "" {
		addr = a.rng.Addr
	}
	if err := checkArguments(mode, fixed); err != nil {
		return nil, err
	}
	ip, err := resolveHost(addr)
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
		err = a.takeAny(res, avoid)
	default:
		err = a.takeNext(res, avoid)
	}
	if err != nil {
		return nil, err
	}
	a.addReservation(res)
	return res, nil
}

func checkArguments(mode string, fixed int) error {
	switch mode {
	case Reserve, Inherit, Bind:
	default:
		return fmt.Errorf("take port: unknown mode %q; socket is %s, %s or %s", mode, Reserve, Inherit, Bind)
	}
	if fixed < 0 || fixed > highestPort {
		return fmt.Errorf("take port %d: no such port; give 1…%d, or `port = auto`", fixed, highestPort)
	}
	return nil
}

func (a *Allocator) takeFixed(res *Reservation, port int) error {
	if a.held[port][res.ip] != nil {
		return &TakenError{Addr: res.Addr, Port: port, HeldHere: true}
	}
	return bindFixed(res, port)
}

// bindFixed takes exactly that port. Only here are lingering closed connections
// ignored: a worker with a port of its own wants it back after a restart.
func bindFixed(res *Reservation, port int) error {
	err := res.bindSocket(port, exclusive)
	if errors.Is(err, unix.EADDRINUSE) && onlyClosedConnections(port) {
		err = res.bindSocket(port, afterClosed)
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		taken := &TakenError{Addr: res.Addr, Port: port, Err: err}
		taken.PID, taken.Command = findHolder(port)
		return taken
	case err != nil:
		return explainRefusal(res.Addr, port, err)
	}
	return nil
}

// takeNext takes the port that NextPort chooses. It begins at the mark, and
// once more at the beginning of the range when no port above the mark is free,
// because other programs may have gone.
func (a *Allocator) takeNext(res *Reservation, avoid map[int]bool) error {
	tried := map[int]bool{} // ports that are busy during this call only
	exclude := func(p int) {
		if !a.busy[p] {
			a.busy[p], tried[p] = true, true
		}
	}
	defer func() {
		for p := range tried {
			delete(a.busy, p)
		}
	}()
	for p := range avoid {
		exclude(p)
	}
	for {
		p, err := NextPort(Range{res.Addr, a.mark, a.rng.Max}, a.listenPorts, a.busy)
		if err != nil && a.mark > a.rng.Min {
			a.mark = a.rng.Min
			continue
		}
		if err != nil {
			return a.countTaken(res, avoid)
		}
		switch err := res.bindSocket(p, exclusive); {
		case errors.Is(err, unix.EADDRINUSE):
			exclude(p)
		case err != nil:
			return explainRefusal(res.Addr, p, err)
		default:
			a.moveMark(p, avoid)
			return nil
		}
	}
}

// moveMark moves the mark over the port that was just taken. It passes ports
// that are held here, listen_ports and ports of other programs, and stops
// before the first port that only this caller avoids.
func (a *Allocator) moveMark(taken int, avoid map[int]bool) {
	for a.mark <= taken && (a.mark == taken || len(a.held[a.mark]) > 0 || !avoid[a.mark]) {
		a.mark++
	}
}

// countTaken returns the error for a range in which every port was tried.
func (a *Allocator) countTaken(res *Reservation, avoid map[int]bool) error {
	e := &ExhaustedError{Range: Range{res.Addr, a.rng.Min, a.rng.Max}}
	for p := e.Range.Min; p <= e.Range.Max; p++ {
		switch {
		case len(a.held[p]) > 0:
			e.HeldHere++
		case avoid[p] || a.listenPorts[p]:
			e.Excluded++
		default:
			e.Others++
		}
	}
	return e
}

// takeAny lets the kernel choose. Ports that the caller avoids or another
// worker has stay open until a good port is found, or the kernel would offer
// them again.
func (a *Allocator) takeAny(res *Reservation, avoid map[int]bool) error {
	var rejected []int
	defer func() {
		for _, fd := range rejected {
			_ = unix.Close(fd)
		}
	}()
	for {
		fd, port, err := openSocket(res.holdMode(), res.ip, 0, exclusive)
		if err != nil {
			return explainRefusal(res.Addr, 0, err)
		}
		if !avoid[port] && !a.busy[port] && !a.listenPorts[port] {
			return res.keepSocket(fd, port)
		}
		rejected = append(rejected, fd)
	}
}

func (a *Allocator) addReservation(res *Reservation) {
	if a.held[res.Port] == nil {
		a.held[res.Port] = map[netip.Addr]*Reservation{}
	}
	a.held[res.Port][res.ip] = res
	a.busy[res.Port] = true
}

// removeReservation forgets a reservation. Its port is the next candidate
// again.
func (a *Allocator) removeReservation(res *Reservation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.held[res.Port], res.ip)
	if len(a.held[res.Port]) > 0 {
		return
	}
	delete(a.held, res.Port)
	delete(a.busy, res.Port)
	if res.Port >= a.rng.Min && res.Port < a.mark {
		a.mark = res.Port
	}
}
