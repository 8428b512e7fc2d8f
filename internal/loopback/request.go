package loopback

import (
	"net"
	"net/http"
	"net/url"
)

// IsForeign reports whether a request was not addressed to the server that
// received it, or was sent by a page of another site. The header Host must have
// the address and the port of the connection (a foreign name there is DNS
// rebinding), and the header Origin must be absent or have that Host. The
// request must come from a net/http server, which notes the connection's
// address in the request's context; without an address IsForeign reports true.
func IsForeign(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if local == nil || !namesAddress(r.Host, local) {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}

// IsFromWebPage reports whether a request was sent by a page in a browser, of
// whatever site: it has an Origin, or its Host is no loopback host (DNS
// rebinding). The port in Host is not compared, so that a forwarded port works.
func IsFromWebPage(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return r.Header.Get("Origin") != "" || !IsHost(host)
}

// namesAddress compares a Host header with the address of its connection. Of
// all names only localhost is accepted: another name can be an attacker's.
func namesAddress(host string, local *net.TCPAddr) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return false
	}
	if _, localPort, _ := net.SplitHostPort(local.String()); localPort != port {
		return false
	}
	if IsHost(name) && local.IP.IsLoopback() {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.Equal(local.IP)
}
