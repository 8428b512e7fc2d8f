package port

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"initiator/proactor"
)

// The keys that NextPort reads, and what they are when they are absent: the
// range that IANA leaves to everybody.
const (
	keyMin    = "child_port_min"
	keyMax    = "child_port_max"
	keyListen = "listen_port"

	defaultMin = 49152
	defaultMax = highest
)

// highest is the last TCP port.
const highest = 65535

// NextPort is the lowest port that a new worker can have: from child_port_min
// to child_port_max, both included, of the initiator's own section guid (or
// inherited, or 49152 … 65535), neither in busy nor the listen_port of any
// section. A child_port_max of 65536, one past the end as Python writes a
// range, counts as 65535; warning then says so and is "" otherwise.
//
// It is pure: it does not ask whether the port is free on this machine, which
// nobody can know before he has it. [Allocator.Take] does. The error is
// proactor.Faults about a value that is no port, or *Exhausted. The rule is
// section 4 of the worker contract, which has it from turberfield's next_port.
func NextPort(cfg *proactor.Config, guid string, busy map[int]bool) (port int, warning string, err error) {
	rng, warning, err := readRange(cfg, guid)
	if err != nil {
		return 0, "", err
	}
	taken, err := listenPorts(cfg)
	if err != nil {
		return 0, warning, err
	}
	isTaken := func(p int) bool { return busy[p] || taken[p] }
	port, ok := next(rng.Min, rng.Max, isTaken)
	if !ok {
		return 0, warning, &ExhaustedError{Range: rng, Busy: max(0, rng.Max-rng.Min+1), Section: guid}
	}
	return port, warning, nil
}

// next is the lowest port of min … max, both included, that is not taken;
// false when there is none. Pure, but for what taken does.
func next(min, max int, taken func(int) bool) (int, bool) {
	for p := min; p <= max; p++ {
		if !taken(p) {
			return p, true
		}
	}
	return 0, false
}

func readRange(cfg *proactor.Config, guid string) (Range, string, error) {
	section := guid
	if cfg.Section(guid) == nil {
		section = proactor.DefaultSection
	}
	low, okMin, errMin := number(cfg, section, keyMin)
	high, okMax, errMax := number(cfg, section, keyMax)
	if err := append(errMin, errMax...).Err(); err != nil {
		return Range{}, "", err
	}
	if !okMin {
		low = defaultMin
	}
	if !okMax {
		high = defaultMax
	}
	addr, _, _ := cfg.Get(section, "listen_addr") // only for a message
	rng := Range{Addr: addr, Min: low, Max: min(high, highest)}
	if high == rng.Max {
		return rng, "", nil
	}
	k, _ := cfg.Find(section, keyMax)
	return rng, fmt.Sprintf("%s:%d: %s, %s: there is no port %d; %d is used", k.File, k.Line, section, keyMax, high, highest), nil
}

// listenPorts are the ports that sections ask for by name.
func listenPorts(cfg *proactor.Config) (map[int]bool, error) {
	taken := map[int]bool{}
	var faults proactor.Faults
	for _, s := range cfg.Sections() {
		p, ok, fault := number(cfg, s.Name, keyListen)
		faults = append(faults, fault...)
		if ok {
			taken[p] = true
		}
	}
	return taken, faults.Err()
}

// number reads one port. For listen_port 0 is allowed (any free port), for
// the end of a range 65536.
func number(cfg *proactor.Config, section, key string) (int, bool, proactor.Faults) {
	text, ok, err := cfg.Get(section, key)
	k, _ := cfg.Find(section, key)
	if !ok {
		return 0, false, nil
	}
	var unresolved proactor.Faults
	if errors.As(err, &unresolved) {
		return 0, false, unresolved
	}
	if inherited, _ := cfg.Find(proactor.DefaultSection, key); inherited == k {
		section = proactor.DefaultSection // one fault, not one for each heir
	}
	fault := proactor.Fault{File: k.File, Line: k.Line, Section: section, Key: key}
	lowest, last := bounds(key)
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < lowest || n > last {
		fault.Problem = fmt.Sprintf("%q is not a port", text)
		fault.Remedy = fmt.Sprintf("give a number from %d to %d", lowest, highest)
		return 0, false, proactor.Faults{fault}
	}
	return n, true, nil
}

func bounds(key string) (lowest, last int) {
	switch key {
	case keyListen:
		return 0, highest
	case keyMax:
		return 1, highest + 1
	}
	return 1, highest
}
