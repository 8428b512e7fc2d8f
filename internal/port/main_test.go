package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The test binary plays other programs: another initiator, a worker, a wrong
// server. Each prints lines and lives until its stdin ends.
const roleKey = "PORT_TEST_ROLE"

var roles = map[string]func(args []string) error{
	"take":       playTake,
	"listen":     playListen,
	"share":      playShare,
	"grandchild": playGrandchild,
	"accept":     playAccept,
	"ask":        playAsk,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleKey)
	if role == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := roles[role](os.Args[1:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// playTake is another initiator: mode, first port, last port, how many. It
// begins when it reads a byte.
func playTake(args []string) error {
	low, high, n := atoi(args[1]), atoi(args[2]), atoi(args[3])
	fmt.Println("ready")
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		return err
	}
	a := New(Range{Min: low, Max: high})
	for range n {
		res, err := a.Take(args[0], "", 0, nil)
		if err != nil {
			return err
		}
		kept = append(kept, res)
		fmt.Println(res.Port)
	}
	return nil
}

// kept is reachable until the process ends, so that no finalizer closes it.
var kept []any

// playListen is an ordinary server: it sets SO_REUSEADDR, as Go does.
func playListen(args []string) error {
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	kept = append(kept, l)
	fmt.Println("listening", portOf(l))
	return nil
}

// playShare is a server that lets others listen on its port.
func playShare(args []string) error {
	l, err := shared("tcp4", args[0])
	if err != nil {
		return err
	}
	kept = append(kept, l)
	fmt.Println("listening", portOf(l))
	return nil
}

func shared(network, addr string) (net.Listener, error) {
	set := func(_, _ string, c syscall.RawConn) error {
		var err error
		if fault := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); fault != nil {
			return fault
		}
		return err
	}
	lc := net.ListenConfig{Control: set}
	return lc.Listen(context.Background(), network, addr)
}

// playGrandchild is a wrapper script around a server.
func playGrandchild(args []string) error {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleKey+"=listen", "GORACE=atexit_sleep_ms=0")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// playAccept is a worker with socket = inherit: it answers one client.
func playAccept([]string) error {
	l, err := net.FileListener(os.NewFile(3, "inherited"))
	if err != nil {
		return err
	}
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.CopyN(c, c, 4); err != nil {
		return err
	}
	fmt.Println("answered")
	return nil
}

// playAsk is an initiator that may not read the descriptors of the process it
// asks about.
func playAsk(args []string) error {
	own, err := FindOwner(args[0], atoi(args[1]), atoi(args[2]))
	fmt.Println(own.Listening, own.HeldByWorker, errors.Is(err, ErrUnknown))
	return nil
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
