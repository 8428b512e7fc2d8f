package api_test

import (
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/loopback/loopbacktest"
)

// Every path of the API on TCP refuses pages of other sites, also the paths of
// workers and of monitors, which no middleware guards.
func TestWebPagesAreRefused(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overTCP(t, in)
	bearer := "Authorization: " + c.head.Get("Authorization")
	token := "Token: " + strings.TrimPrefix(c.head.Get("Authorization"), "Bearer ")
	addr := strings.TrimPrefix(in.Initiator().URL(), "http://")
	for _, l := range []loopbacktest.Listener{
		{Method: "GET", Path: "/healthz"},
		{Method: "GET", Path: "/ping", Header: []string{token}},
		{Method: "DELETE", Path: "/shutdown"},
		{Method: "GET", Path: "/slave/heartbeat", Header: []string{"Token: x"}, Body: `{}`},
		{Method: "PUT", Path: "/slave/task/complete", Header: []string{"Token: x"}, Body: `{}`},
		{Method: "PUT", Path: "/slave/task/fail", Header: []string{"Token: x"}, Body: `{}`},
		{Method: "GET", Path: "/api/v1/status", Header: []string{bearer}, ChecksPort: true},
		{Method: "GET", Path: "/job", Header: []string{bearer}, ChecksPort: true},
	} {
		l.Addr, l.ChecksHost, l.OwnOrigin = addr, true, true
		l.Check(t)
	}
	if status, _ := overSocket(t, in).do("GET", "/healthz", "", "Origin", "http://evil.example"); status != 200 {
		t.Errorf("over the unix socket, which no browser reaches: %d", status)
	}
}
