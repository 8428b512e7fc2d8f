//go:build unix

package ding

import (
	"strings"
	"testing"

	"initiator/internal/loopback/loopbacktest"
)

// TestMasterRefusesWebPages: a master asks for a token on every path, so its
// Host can be any name, and it refuses every Origin.
func TestMasterRefusesWebPages(t *testing.T) {
	m := start(t, MasterOptions{})
	addr := strings.TrimPrefix(m.MyAddress(), "http://")
	for _, l := range []loopbacktest.Listener{
		{Addr: addr, Method: "GET", Path: "/ping", Header: []string{"Token: " + m.token}},
		{Addr: addr, Method: "GET", Path: "/slave/heartbeat", Header: []string{"Channel: 0"}},
		{Addr: addr, Method: "PUT", Path: "/slave/task/complete", Header: []string{"Channel: 0"}, Body: `{}`},
		{Addr: addr, Method: "GET", Path: "/nowhere"},
	} {
		l.Check(t)
	}
}
