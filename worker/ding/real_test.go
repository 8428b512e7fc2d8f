//go:build unix

package ding

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// realDing starts a program that uses the original ding.interaction. The
// environment variable DING_SOURCE names its source, a copy of DI-engine.
// Without the variable, or without the packages that it needs, the test is
// skipped.
func realDing(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	source := os.Getenv("DING_SOURCE")
	if _, err := os.Stat(filepath.Join(source, "ding", "interaction", "__init__.py")); source == "" || err != nil {
		t.Skip("the original is not tested here: set DING_SOURCE to a copy of DI-engine")
	}
	if err := exec.Command("python3", "-c", "import flask, requests").Run(); err != nil {
		t.Skip("the original is not tested here: python3 with flask and requests is needed")
	}
	cmd := exec.Command("python3", append([]string{filepath.Join("testdata", "real", program)}, args...)...)
	cmd.Stderr = t.Output()
	return cmd
}

// TestRealMasterUsesOurSlave expects the output that the original master
// prints with its own slave.
func TestRealMasterUsesOurSlave(t *testing.T) {
	realDing(t, "master.py") // or skip
	s := startSlave(t, SlaveOptions{ProcessTask: add, Channel: 5})
	_, port, _ := strings.Cut(s.Address(), ":")
	out, err := realDing(t, "master.py", port, "5").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `ping True
connected True True
complete [('a', 2), ('b', 3)] [('sum', 5)]
COMPLETED 0x21
fail [('a', 1)] [('message', 'ab not found')]
FAILED 0x22
complete [('a', 10), ('b', -3)] [('sum', 7)]
COMPLETED 0x21
disconnected True
down
`
	if string(out) != want {
		t.Errorf("%s", out)
	}
}

func TestOurMasterUsesRealSlave(t *testing.T) {
	port := strings.TrimPrefix(freeAddress(t), "127.0.0.1:")
	slave := realDing(t, "slave.py", "--guid", "x", "--port", port, "--channel", "2")
	out, err := slave.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := slave.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Process.Kill(); _ = slave.Wait() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "listening" {
		t.Fatal(lines.Text(), lines.Err())
	}
	m := start(t, MasterOptions{Channel: 2, HeartbeatTolerance: time.Second, HeartbeatCheckSpan: minCheckSpan})
	n, _ := strconv.Atoi(port)
	c, err := m.NewConnection("real", "127.0.0.1", n, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(within(t)); err != nil {
		t.Fatal(err)
	}
	run := func(data string) string {
		result, err := c.NewTask(map[string]any{"how": data, "a": 2, "b": 3}).Start(within(t)).Join(within(t))
		var refusal *RefusedError
		if errors.As(err, &refusal) {
			return strconv.Itoa(refusal.Code) + string(refusal.Data)
		}
		return string(result)
	}
	for _, tt := range [][2]string{
		{"", `{"sum": 5}`}, {"fail", `{"message": "as asked"}`}, {"refuse", `602{"refusals":1}`}, {"refuse", `602{"refusals":2}`}, {"refuse", `{"sum": 5}`},
	} {
		if got := run(tt[0]); got != tt[1] {
			t.Errorf("%q: %s", tt[0], got)
		}
	}
	// A task that the original never reports ends when the slave is
	// disconnected. Then the slave can be connected again.
	silent := c.NewTask(map[string]any{"how": "raise"}).Start(within(t))
	if err := c.Disconnect(within(t)); err != nil {
		t.Error(err)
	}
	if _, err := silent.Join(within(t)); !errors.Is(err, ErrDisconnected) {
		t.Error(err)
	}
	if err := c.Connect(within(t)); err != nil {
		t.Error(err)
	}
	lost := c.NewTask(map[string]any{"how": "sleep", "seconds": 600}).Start(within(t))
	if err := slave.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := lost.Join(within(t)); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
}
