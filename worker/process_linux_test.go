package worker

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReservedPortCanBeBound: a worker can bind to a port that is bound
// without listening and has SO_REUSEADDR set. "socket = reserve" relies on it.
func TestReservedPortCanBeBound(t *testing.T) {
	t.Parallel()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*unix.SockaddrInet4).Port
	p := spawn(t, strings.Replace(ini, "listen_port = 0", fmt.Sprint("listen_port = ", port), 1), nil)
	p.waitListening()
	if want := fmt.Sprint("127.0.0.1:", port); p.addr != want {
		t.Errorf("it serves %s, not %s", p.addr, want)
	}
}
