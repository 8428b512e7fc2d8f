package loopback

import "net"

// IsHost reports whether only programs on this machine can reach host: a
// loopback IP address, or the name "localhost" in lower case. Host has no port.
// Another name is not resolved and does not count, because its address can
// change.
func IsHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// IsListener reports whether a listener accepts connections from this machine
// only: its address is a TCP address on loopback.
func IsListener(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
