package loopbacktest

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// The ports of FreePort are below the ports that Linux and darwin choose for port 0
// and for connections, so that no other test gets one of them by chance.
const (
	firstPort = 20_000
	portCount = 10_000
)

// portsTried counts the ports that this process has tried. Another process begins
// at another port.
var portsTried atomic.Int64

// FreePort returns a port of 127.0.0.1 at which no process listens, for a test that
// has to name a port before it is opened. Any goroutine of the test may call it.
func FreePort(tb testing.TB) int {
	tb.Helper()
	port, err := FindFreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// FindFreePort is FreePort outside a test's own functions. It returns an error when
// no port is free.
func FindFreePort() (int, error) {
	for range portCount {
		port := firstPort + (os.Getpid()*101+int(portsTried.Add(1)))%portCount
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			l.Close()
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port of %d to %d is free", firstPort, firstPort+portCount-1)
}
