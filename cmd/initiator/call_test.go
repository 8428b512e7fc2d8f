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
	ts.Check(waitUntil(args[0], func(ctx context.Context) bool {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(args[0], "http://"))
		if err != nil {
			return false
		}
		return c.Close() == nil
	}))
}
