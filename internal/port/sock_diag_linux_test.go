package port

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDiagAgreesWithProc: sock_diag and /proc agree about the sockets of this
// process.
func TestDiagAgreesWithProc(t *testing.T) {
	rng := freeRange(t, 20)
	a := New(rng)
	for i := range 20 {
		addr := "127.0.0.1"
		if i%2 == 1 && allFree(rng.Min+i, 1) {
			addr = "0.0.0.0"
		}
		take(t, a, Inherit, addr, rng.Min+i, nil)
	}
	fast := &ListenerTable{}
	must(t, listDiag(fast.addListener))
	text, err := listText()
	must(t, err)
	for p := rng.Min; p <= rng.Max; p++ {
		if len(fast.listeners[p]) != 1 || !slices.Equal(fast.listeners[p], text.listeners[p]) {
			t.Errorf("port %d: sock_diag %v, /proc %v", p, fast.listeners[p], text.listeners[p])
		}
	}
}

func TestDiagAgreesWithProcOnIPv6(t *testing.T) {
	res, err := New(freeRange(t, 1)).Take(Inherit, "::1", 0, nil)
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skip("this machine has no IPv6 loopback:", err)
	}
	must(t, err)
	t.Cleanup(res.Release)
	fast := &ListenerTable{}
	must(t, listDiag(fast.addListener))
	text, err := listText()
	must(t, err)
	ip := netip.IPv6Loopback()
	if got := fast.reachedInodes(ip, res.Port); len(got) != 1 || !slices.Equal(got, text.reachedInodes(ip, res.Port)) {
		t.Errorf("sock_diag %v, /proc %v", got, text.reachedInodes(ip, res.Port))
	}
}

func TestDiagErrors(t *testing.T) {
	t.Parallel()
	request := diagRequest(unix.AF_INET)
	message := func(kind, size byte, body ...byte) []byte {
		b := slices.Concat(make([]byte, unix.NLMSG_HDRLEN), body)
		b[0], b[4] = size, kind // both fit into one byte on every machine that runs the tests
		return b
	}
	tests := []struct {
		name string
		text []byte
		want error
	}{
		{"errno", message(unix.NLMSG_ERROR, 20, 0xfe, 0xff, 0xff, 0xff), unix.ENOENT},
		{"error without errno", message(unix.NLMSG_ERROR, 16), errDiag},
		{"longer than it is", message(unix.NLMSG_DONE, 17), errDiag},
		{"shorter than a header", message(unix.NLMSG_DONE, 3), errDiag},
		{"half a socket", request[:unix.NLMSG_HDRLEN+diagRequestSize], errDiag},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseDiag(tt.text, func(netip.AddrPort, uint64) { t.Error("a socket") })
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzParseDiag(f *testing.F) {
	f.Add(diagRequest(unix.AF_INET6))
	f.Add(make([]byte, unix.NLMSG_HDRLEN+diagReplySize))
	f.Fuzz(func(t *testing.T, text []byte) {
		sockets := 0
		_, _ = parseDiag(text, func(at netip.AddrPort, _ uint64) {
			if sockets++; !at.IsValid() {
				t.Error(fmt.Sprint("socket without address: ", at))
			}
		})
		if sockets > len(text)/(unix.NLMSG_HDRLEN+diagReplySize) {
			t.Errorf("%d sockets in %d bytes", sockets, len(text))
		}
	})
}
