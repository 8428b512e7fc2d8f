package probe

import (
	"net/netip"
	"testing"
)

func TestDescribePorts(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, c := range []struct {
		held []netip.AddrPort
		own  int
		want string
	}{
		{nil, 80, ""},
		{[]netip.AddrPort{at("127.0.0.1:80")}, 80, ""},
		{[]netip.AddrPort{at("127.0.0.1:80"), at("[::]:8000")}, 80, "; this worker listens on [::]:8000"},
		{[]netip.AddrPort{at("[::ffff:127.0.0.1]:8000")}, 0, "; this worker listens on 127.0.0.1:8000"},
		{[]netip.AddrPort{at("0.0.0.0:1"), at("0.0.0.0:2"), at("0.0.0.0:3"), at("0.0.0.0:4")}, 0, "; this worker listens on 0.0.0.0:1, 0.0.0.0:2, 0.0.0.0:3, …"},
	} {
		if got := describePorts(c.held, c.own); got != c.want {
			t.Errorf("%v: %q, want %q", c.held, got, c.want)
		}
	}
}
