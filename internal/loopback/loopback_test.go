package loopback

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestIsHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "localhost": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "Localhost": false, "localhost.evil.example": false, "127.0.0.1:80": false,
	} {
		if IsHost(host) != want {
			t.Errorf("IsHost(%q) is %v", host, !want)
		}
	}
}

func TestIsForeign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		local, host, origin string
		foreign             bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", "", false},
		{"127.0.0.1:80", "localhost:80", "", false},
		{"127.0.0.1:80", "127.9.9.9:80", "", false},
		{"[::1]:80", "[::1]:80", "http://[::1]:80", false},
		{"127.0.0.1:80", "localhost:80", "http://localhost:80", false},
		{"10.0.0.1:80", "10.0.0.1:80", "", false},
		{"127.0.0.1:80", "127.0.0.1", "", true},
		{"127.0.0.1:80", "127.0.0.1:81", "", true},
		{"127.0.0.1:80", "evil.example:80", "", true},
		{"127.0.0.1:80", "", "", true},
		{"127.0.0.1:80", "127.0.0.1:80", "http://evil.example", true},
		{"127.0.0.1:80", "127.0.0.1:80", "null", true},
		{"127.0.0.1:80", "127.0.0.1:80", "http://127.0.0.1:81", true},
		{"10.0.0.1:80", "10.0.0.2:80", "", true},
		{"10.0.0.1:80", "localhost:80", "", true},
		{"10.0.0.1:80", "127.0.0.1:80", "", true},
	} {
		local, err := net.ResolveTCPAddr("tcp", tt.local)
		if err != nil {
			t.Fatal(err)
		}
		r := request(tt.host, tt.origin)
		if !IsForeign(r) {
			t.Errorf("%+v without a connection is not foreign", tt)
		}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
		if IsForeign(r) != tt.foreign {
			t.Errorf("%+v: IsForeign is %v", tt, !tt.foreign)
		}
	}
}

func TestIsLoopbackHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:80": true, "localhost": true, "localhost:1": true, "[::1]:5": true, "[::1]": true, "::1": true,
		"evil.example": false, "evil.example:7236": false, "10.0.0.1:1": false, "": false, ":80": false, "localhost.evil.example:80": false,
		"127.0.0.1.evil.example": false, "evil@127.0.0.1": false, "0.0.0.0:80": false, "127.0.0.1:80:80": false,
	} {
		if IsLoopbackHost(host) != want {
			t.Errorf("Host %q: IsLoopbackHost is %v", host, !want)
		}
	}
}

func TestHasForeignOrigin(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]bool{
		"http://127.0.0.1:80": false, "https://127.0.0.1:80": false,
		"null": true, "file://": true, "http://evil.example": true, "http://127.0.0.1": true, "http://127.0.0.1:81": true, "%": true,
	} {
		r := request("127.0.0.1:80", origin)
		if HasForeignOrigin(r) != want || !HasOrigin(r) {
			t.Errorf("Origin %q: HasForeignOrigin is %v, HasOrigin is %v", origin, !want, HasOrigin(r))
		}
	}
	if r := request("127.0.0.1:80", ""); HasForeignOrigin(r) || HasOrigin(r) {
		t.Error("a request without an Origin has one")
	}
	r := request("127.0.0.1:80", "http://127.0.0.1:80")
	r.Header.Add("Origin", "http://evil.example")
	if !HasForeignOrigin(r) {
		t.Error("only the first Origin is read")
	}
}

func request(host, origin string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Host = host
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

// FuzzIsLoopbackHost: whatever IsLoopbackHost accepts is on loopback for the
// reader of URLs as well, so no header means another site to it.
func FuzzIsLoopbackHost(f *testing.F) {
	for _, host := range []string{"127.0.0.1:80", "localhost", "[::1]:1", "::1", "evil@127.0.0.1", "127.0.0.1:@evil.example", "127.0.0.1#evil.example", "[::1", "::ffff:127.0.0.1", "localhost:"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !IsLoopbackHost(host) {
			return
		}
		if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
			host = "[" + host + "]" // an IPv6 address needs brackets in a URL
		}
		u, err := url.Parse("http://" + host + "/")
		if err == nil && !IsHost(u.Hostname()) {
			t.Errorf("%q is the host %q of a URL", host, u.Hostname())
		}
	})
}
