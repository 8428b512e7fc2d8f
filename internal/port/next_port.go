package port

// highestPort is the last TCP port.
const highestPort = 65535

// NextPort returns the port that a new worker tries next: the lowest port of
// rng that is neither in busy nor in listenPorts. busy holds the ports that
// other workers have and the ports that were found taken, listenPorts every
// listen_port of the configuration. Both may be nil.
//
// Both ends of rng are included. A Min below 1 counts as 1, a Max above 65535
// as 65535. The error is an *ExhaustedError, which counts every port as Excluded.
//
// NextPort is a pure function: it does not ask whether the port is free on this
// machine, because only a bind can tell. [Allocator.Take] asks NextPort again
// after each port that was taken. The rule is section 4 of
// docs/worker-contract.md, which has it from turberfield's next_port.
func NextPort(rng Range, listenPorts, busy map[int]bool) (int, error) {
	first, last := rng.bounds()
	for p := first; p <= last; p++ {
		if !busy[p] && !listenPorts[p] {
			return p, nil
		}
	}
	return 0, &ExhaustedError{Range: Range{rng.Addr, first, last}, Excluded: max(0, last-first+1)}
}
