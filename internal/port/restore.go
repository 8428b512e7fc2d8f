package port

// Restore takes a port that an earlier process of this program has given to a
// worker that still has it: nothing is bound, and what holds the port lies with
// the keeper. Errors: a *Taken when it is one of ours already, or what is wrong
// with mode or addr.
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
		return nil, &TakenError{Addr: addr, Port: number, Ours: true}
	}
	res := &Reservation{Addr: addr, Mode: mode, Port: number, alloc: a, ip: ip}
	a.addReservation(res)
	return res, nil
}
