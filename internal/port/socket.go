package port

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The modes of Take: the values of a worker's key `socket`.
const (
	// Reserve holds the port with a socket that is bound without SO_REUSEADDR,
	// has the option set afterwards and never listens. Plain binds are refused
	// and the kernel never picks the port by itself; a worker that sets
	// SO_REUSEADDR binds over it, again and again.
	Reserve = "reserve"
	// Inherit holds the port with the listening socket itself, which every
	// incarnation of the worker is given: clients that connect while there is
	// no worker wait in the backlog.
	Inherit = "inherit"
	// Bind holds nothing: the port was free a moment ago, and this process
	// remembers it as reserved. When the worker finds it taken, it is launched
	// again on the next port.
	Bind = "bind"
)

// backlog is how many connections wait while a worker restarts. The kernel
// lowers it to net.core.somaxconn, which is 4096 since Linux 5.4.
const backlog = 4096

// sharing says in which cases openSocket may share a port.
type sharing int

const (
	// exclusive refuses a port in any use.
	exclusive sharing = iota
	// afterClosed accepts a port on which only closed connections linger
	// (TIME_WAIT). It is not the default: the kernel's test for it also enters
	// a reservation of another initiator.
	afterClosed
)

// openSocket makes the socket that holds ip:port in the given mode, and returns
// the port that it got; port 0 lets the kernel choose. The socket is
// close-on-exec and in blocking mode, as a process that inherits it expects.
// With Bind the socket is only a probe: the caller closes it.
func openSocket(mode string, ip netip.Addr, port int, share sharing) (fd, got int, err error) {
	fd, err = newSocket(addressFamily(ip))
	if err != nil {
		return -1, 0, fmt.Errorf("open socket: %w", err)
	}
	if got, err = holdPort(fd, mode, ip, port, share); err != nil {
		_ = unix.Close(fd)
		return -1, 0, err
	}
	return fd, got, nil
}

// holdPort binds fd and brings it into the state that its mode promises.
func holdPort(fd int, mode string, ip netip.Addr, port int, share sharing) (int, error) {
	if share == afterClosed {
		if err := setReuse(fd); err != nil {
			return 0, err
		}
	}
	if err := bindTo(fd, ip, port); err != nil {
		return 0, err
	}
	if mode == Inherit {
		if err := unix.Listen(fd, backlog); err != nil {
			return 0, fmt.Errorf("listen: %w", err)
		}
	}
	// Only now. Before bind the option would enter another initiator's
	// reservation, and before listen another initiator would enter this one.
	// Connections accepted from the listener copy the option, so that their
	// TIME_WAIT does not block the next initiator.
	if err := setReuse(fd); err != nil {
		return 0, err
	}
	return localPort(fd)
}

func bindTo(fd int, ip netip.Addr, port int) error {
	if ip.Is6() {
		// Set explicitly, because the system's default may be changed: "::"
		// takes the port on IPv4 too, as Go, Python and Node do when they
		// listen there.
		only := 1
		if ip.IsUnspecified() {
			only = 0
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return fmt.Errorf("set IPV6_V6ONLY: %w", err)
		}
	}
	sa, err := newSockaddr(ip, port)
	if err != nil {
		return err
	}
	return unix.Bind(fd, sa)
}

func setReuse(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("set SO_REUSEADDR: %w", err)
	}
	return nil
}

func addressFamily(ip netip.Addr) int {
	if ip.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func localPort(fd int) (int, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("read socket's port: %w", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return sa.Port, nil
	case *unix.SockaddrInet6:
		return sa.Port, nil
	}
	return 0, fmt.Errorf("read socket's port: unexpected address %T", sa)
}
