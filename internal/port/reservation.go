package port

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Reservation is the port of one worker, over all its incarnations. Take makes
// it, Release ends it. Its methods are safe for concurrent use.
type Reservation struct {
	// Port is never 0 and never changes.
	Port int
	// Addr is the address as Take was given it, or the range's own.
	Addr string
	// Mode is Reserve, Inherit or Bind.
	Mode string

	alloc *Allocator
	ip    netip.Addr

	mu       sync.Mutex
	sharers  int      // the further owners
	file     *os.File // this process's copy of the socket; nil with Bind and after Close
	released bool
}

// holdMode returns the mode in which the socket is made: where the system
// cannot reserve, a reservation holds nothing.
func (r *Reservation) holdMode() string {
	if r.Mode == Reserve && !reservable {
		return Bind
	}
	return r.Mode
}

// bindSocket makes the socket for port. Before Take returns no other goroutine
// has r.
func (r *Reservation) bindSocket(port int, share sharing) error {
	fd, got, err := openSocket(r.holdMode(), r.ip, port, share)
	if err != nil {
		return err
	}
	return r.keepSocket(fd, got)
}

// keepSocket keeps fd, or with Bind closes it: the probe has shown that the
// port was free.
func (r *Reservation) keepSocket(fd, port int) error {
	if r.Port == 0 { // Rebind: Port is read without the lock
		r.Port = port
	}
	if r.holdMode() == Bind {
		return unix.Close(fd)
	}
	// NewFile looks at the descriptor's mode and leaves it alone: a blocking
	// descriptor stays blocking and out of the runtime's poller.
	r.file = os.NewFile(uintptr(fd), fmt.Sprintf("port %s", joinHostPort(r.Addr, port)))
	return nil
}

// File returns this process's copy of the socket that holds the port, to be
// given to the keeper; nil with Bind, and after Close or Release. With Inherit
// it is the listening socket. The caller must not close it.
func (r *Reservation) File() *os.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file
}

// Close closes this process's copy of the socket, when the keeper has its own.
// The port stays reserved. Closing twice is harmless.
func (r *Reservation) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closeFile()
}

func (r *Reservation) closeFile() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Share adds an owner of the port, for several workers that inherit one socket.
// Each owner calls Release.
func (r *Reservation) Share() *Reservation {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sharers++
	return r
}

// Release closes this process's copy and gives the port back, once the worker
// is stopped for good. The port is free for others when the keeper has closed
// its copy too. Releasing twice is harmless, except after Share: then each owner
// calls it once, and only the last call has an effect.
func (r *Reservation) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sharers > 0 {
		r.sharers--
		return
	}
	_ = r.closeFile() // the file was not written to
	if r.released {
		return
	}
	r.released = true
	r.alloc.removeReservation(r)
}

// Rebind makes a new socket for the same port, after the keeper and its copies
// have gone. Lingering connections of the dead worker do not matter. The error
// is a *TakenError when another program was faster, or when the worker still
// lives and listens: then the port needs no holding.
func (r *Reservation) Rebind() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.released {
		return fmt.Errorf("rebind port %s: %w", joinHostPort(r.Addr, r.Port), errReleased)
	}
	if err := r.closeFile(); err != nil {
		return fmt.Errorf("rebind port %s: %w", joinHostPort(r.Addr, r.Port), err)
	}
	return bindFixed(r, r.Port)
}

var errReleased = errors.New("it was released")
