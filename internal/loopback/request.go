package loopback

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// IsForeign reports whether a request was not addressed to the server that
// received it, or was sent by a page of another site. The header Host must have
// the address and the port of the connection (a foreign name there is DNS
// rebinding), and the header Origin must be absent or have that Host. The
// request must come from a net/http server, which notes the connection's
// address in the request's context; without an address IsForeign reports true.
func IsForeign(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return local == nil || !namesAddress(r.Host, local) || HasForeignOrigin(r)
}

// HasOrigin reports whether a request has the header Origin. A browser sends it
// with every request that a page makes to another site, and with every request
// that may change something. Masters, workers and other programs send none.
func HasOrigin(r *http.Request) bool { return len(r.Header["Origin"]) > 0 }

// HasForeignOrigin reports whether a request has an Origin that is not the site
// at its Host. The Origin of a page without a site is "null", which is foreign.
func HasForeignOrigin(r *http.Request) bool {
	for _, origin := range r.Header["Origin"] {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Host != r.Host {
			return true
		}
	}
	return false
}

// IsLoopbackHost reports whether a header Host has a loopback address or
// "localhost". Another name can be an attacker's name for 127.0.0.1 (DNS
// rebinding). The port is not compared, so that a forwarded port works.
func IsLoopbackHost(header string) bool {
	name, port, err := net.SplitHostPort(header)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(header, "["), "]"), ""
	}
	return IsHost(name) && strings.Trim(port, "0123456789") == "" // "127.0.0.1:@evil.example" is another site in a URL
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
