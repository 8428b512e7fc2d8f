package main

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"initiator/internal/loopback/loopbacktest"
)

// freePort sets $PORT to a free port, and $WORKER to its URL.
func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	port, err := loopbacktest.FindFreePort()
	ts.Check(err)
	ts.Setenv("PORT", strconv.Itoa(port))
	ts.Setenv("WORKER", "http://127.0.0.1:"+strconv.Itoa(port))
}

// awaitListener waits until a URL accepts connections: `answers $WORKER`.
func awaitListener(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(awaitListening(strings.TrimPrefix(args[0], "http://")))
}

// awaitListening waits until a program listens on an address.
func awaitListening(addr string) error {
	return waitUntil(addr+" listens", func(ctx context.Context) bool {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}
