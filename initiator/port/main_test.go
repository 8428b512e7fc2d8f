package port

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The test binary plays other programs: another initiator, a worker, an
// impostor. Each writes lines to stdout and lives until its stdin ends.
const roleKey = "PORT_TEST_ROLE"

var roles = map[string]func(args []string) error{}

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

// child is another process, played by this binary.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
}

// play starts one; it is ended and waited for with the test.
func play(t testing.TB, role string, files []*os.File, args ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleKey+"="+role)
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, stdin, bufio.NewScanner(stdout)}
	t.Cleanup(c.end)
	return c
}

// end is harmless when it has ended already.
func (c *child) end() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}

// line is the next line that the child says.
func (c *child) line(t testing.TB) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("%v ended without a word: %v", c.cmd.Args[1:], c.lines.Err())
	}
	text := c.lines.Text()
	if strings.HasPrefix(text, "error:") {
		t.Fatalf("%v: %s", c.cmd.Args[1:], text)
	}
	return text
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
