package port

// Restore reserves a port that an earlier process of this program gave to a
// worker that still has it: nothing is bound, and the keeper has the socket
// that holds the port. The error is a *TakenError when this allocator holds the
// port already, or says what is wrong with mode or addr.
func (a *Allocator) Restore(mode, addr string, number int) (*Reservation, error) {
	if addr == "" {
		addr = a.rng.Addr
	}
	if err := checkArguments(mode, number); err != nil {
		return nil, err
	}
	ip, err := resolveHost(addr)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held[number][ip] != nil {
		return nil, &TakenError{Addr: addr, Port: number, HeldHere: true}
	}
	res := &Reservation{Addr: addr, Mode: mode, Port: number, alloc: a, ip: ip}
	a.addReservation(res)
	return res, nil
}
