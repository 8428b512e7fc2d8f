package port

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// child is another process, played by this binary.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

// play starts a child, which is ended and waited for with the test.
func play(t testing.TB, role string, args ...string) *child {
	t.Helper()
	return start(t, role, prepare(role, args...))
}

func prepare(role string, args ...string) *exec.Cmd {
	// Not os.Args[0]: another user may not have access to its directory.
	cmd := exec.Command("/proc/self/exe", args...)
	if _, err := os.Stat(cmd.Path); err != nil {
		cmd = exec.Command(os.Args[0], args...)
	}
	// Under -race a process would sleep for a second before it ends.
	cmd.Env = append(os.Environ(), roleKey+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func start(t testing.TB, role string, cmd *exec.Cmd) *child {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	if err := cmd.Start(); err != nil {
		t.Fatalf("play %s: %v", role, err)
	}
	c := &child{cmd, stdin, bufio.NewScanner(stdout)}
	t.Cleanup(c.end)
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end does nothing when the child has ended already.
func (c *child) end() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}

// line returns the next line that the child prints.
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// freeRange finds n ports in a row that no process uses, below those that the
// kernel chooses by itself. Another test may take a port of the range first: a
// test that depends on it uses a range of its own size.
func freeRange(t testing.TB, n int) Range {
	t.Helper()
	for low := 20000 + os.Getpid()%4000; low+n < 32000; low += n {
		if allFree(low, n) {
			return Range{Min: low, Max: low + n - 1}
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return Range{}
}

func allFree(low, n int) bool {
	ip, err := resolveHost("")
	if err != nil {
		return false
	}
	for p := low; p < low+n; p++ {
		fd, _, err := openSocket(Bind, ip, p, exclusive)
		if err != nil {
			return false
		}
		_ = syscall.Close(fd)
	}
	return true
}

// openFiles counts this process's descriptors, where the system shows them.
func openFiles(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/dev/fd")
	must(t, err)
	return len(names)
}
