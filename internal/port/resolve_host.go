package port

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// defaultHost is the meaning of an empty address: a port must never be opened
// to the network because a key was left out.
const defaultHost = "127.0.0.1"

// resolveHost turns a listen_addr into one IP address. Names are looked up, and
// an IPv4 address is preferred, as net.Listen does.
func resolveHost(host string) (netip.Addr, error) {
	if host == "" {
		host = defaultHost
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), nil
	}
	found, err := net.LookupHost(host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolve listen_addr %q: %w; give an IP address such as %s", host, err, defaultHost)
	}
	return preferIPv4(host, found)
}

// preferIPv4 returns the first IPv4 address, else the first address.
func preferIPv4(host string, found []string) (netip.Addr, error) {
	var first netip.Addr
	for _, text := range found {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		if ip = ip.Unmap(); ip.Is4() {
			return ip, nil
		}
		if !first.IsValid() {
			first = ip
		}
	}
	if !first.IsValid() {
		return first, fmt.Errorf("resolve listen_addr %q: %w", host, errors.New("no address"))
	}
	return first, nil
}

// newSockaddr returns the kernel's form of an address. A zone may be the name
// of an interface or its number.
func newSockaddr(ip netip.Addr, port int) (unix.Sockaddr, error) {
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
	if ip.Zone() == "" {
		return sa, nil
	}
	if n, err := strconv.ParseUint(ip.Zone(), 10, 32); err == nil {
		sa.ZoneId = uint32(n)
		return sa, nil
	}
	nic, err := net.InterfaceByName(ip.Zone())
	if err != nil {
		return nil, fmt.Errorf("resolve zone of %s: %w", ip, err)
	}
	sa.ZoneId = uint32(nic.Index)
	return sa, nil
}

// joinHostPort writes host and port as URLs do; an empty host is the default
// host.
func joinHostPort(host string, port int) string {
	if host == "" {
		host = defaultHost
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
