package loopback

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
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

func TestIsFromWebPage(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": false, "127.0.0.1:80": false, "localhost:1": false, "[::1]:5": false,
		"evil.example": true, "evil.example:7236": true, "10.0.0.1:1": true, "": true,
	} {
		if IsFromWebPage(request(host, "")) != want {
			t.Errorf("Host %q: IsFromWebPage is %v", host, !want)
		}
	}
	if !IsFromWebPage(request("127.0.0.1:80", "http://127.0.0.1:80")) {
		t.Error("a request with an Origin is not from a web page")
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
