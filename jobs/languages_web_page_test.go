package jobs

import (
	"testing"

	"initiator/internal/jobstest"
	"initiator/internal/loopback/loopbacktest"
)

// A worker with connect = open lets programs of this machine connect, and no web
// page that a person on this machine visits. Its other webhooks refuse every
// Origin, and its ping without a token checks Host as well.
func TestWebPagesAreRefusedInEveryLanguage(t *testing.T) {
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		open, token := spawn(t, command, "connect = open\n"), spawn(t, command, "")
		for _, l := range []loopbacktest.Listener{
			{Addr: open.addr, Method: "POST", Path: "/connect", Header: []string{"Channel: 0", "Token: t"}, Body: `{}`, ChecksHost: true},
			{Addr: open.addr, Method: "GET", Path: "/ping", Header: []string{"Nonce: n"}, ChecksHost: true},
			{Addr: token.addr, Method: "GET", Path: "/ping", Header: []string{"Token: own$token"}},
			{Addr: token.addr, Method: "POST", Path: "/connect", Header: []string{"Channel: 0", "Token: t", "Authorization: Bearer own$token"}, Body: `{}`},
			{Addr: token.addr, Method: "DELETE", Path: "/disconnect", Header: []string{"Channel: 0", "Token: t"}, Body: `{}`},
			{Addr: token.addr, Method: "GET", Path: "/nowhere", Header: []string{"Channel: 0"}},
		} {
			l.Check(t)
		}
		open.client.Bearer = ""
		open.connect()
	})
}
