package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

const outageINI = "[worker:echoer]\ncommand = ${initiator:self} job echo\nslots = 8\n" +
	"[worker:closed]\ncommand = ${initiator:self} job echo\nautostart = false\n"

// startRunMany starts `run` with a task in each of many lines.
func startRunMany(t *testing.T, dir string, lines int, args ...string) *testProcess {
	t.Helper()
	var feed bytes.Buffer
	for n := range lines {
		fmt.Fprintf(&feed, "%d\n", n)
	}
	cmd := exec.Command("initiator", append([]string{"run"}, args...)...)
	cmd.Stdin = &feed
	return beginProcess(t, dir, cmd)
}

// killUp kills an `up` and waits for its end.
func (p *testProcess) killUp() {
	p.t.Helper()
	p.sendSignal(syscall.SIGKILL)
	for range p.stderr {
	}
	for range p.stdout {
	}
	_ = p.cmd.Wait() // killed
}

// A run of many tasks outlives two crashes and an orderly restart of its initiator:
// each line has one result, in order, and is one task.
func TestRunManyOutlivesItsInitiator(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, outageINI)
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	const lines = 3000
	run := startRunMany(t, dir, lines, "--ordered", "echoer", "-")
	run.keepReadingStderr()
	var got []string
	for line := range run.stdout {
		switch got = append(got, strings.TrimSuffix(line, "\n")); len(got) {
		case 300, 900:
			up.killUp()
			up = startProcess(t, dir, "up")
		case 1500:
			up.awaitOutput("all workers are ready")
			up.sendSignal(syscall.SIGTERM)
			up.expectExitOnly(0)
			up = startProcess(t, dir, "up")
		}
	}
	text := run.expectEnd(0)
	if len(got) != lines {
		t.Fatalf("%d results, want %d; stderr is\n%.2000s", len(got), lines, text)
	}
	for n, line := range got {
		if line != fmt.Sprint(n) {
			t.Fatalf("result %d is %s", n, line)
		}
	}
	up.awaitOutput("all workers are ready")
	kept, err := up.newClient().List(t.Context(), task.Filter{Pool: "echoer", Limit: 10_000, Data: true})
	if err != nil || len(kept) != lines {
		t.Errorf("%d tasks are kept, %v; want %d", len(kept), err, lines)
	}
	seen := map[string]bool{}
	for _, k := range kept {
		if seen[string(k.Data)] || k.State != task.Completed {
			t.Errorf("line %s: %s, a second time: %v", k.Data, k.State, seen[string(k.Data)])
		}
		seen[string(k.Data)] = true
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// expectEnd checks the exit code of a process whose stdout was read, and returns its
// stderr. Other processes may still run in the directory.
func (p *testProcess) expectEnd(code int) string {
	p.t.Helper()
	p.expectExitOnly(code)
	return p.stderrText
}

// keepReadingStderr reads stderr beside stdout: a process that writes much to stderr
// is not blocked.
func (p *testProcess) keepReadingStderr() {
	from, to := p.stderr, make(chan string, 100_000)
	p.stderr = to
	go func() {
		defer close(to)
		for line := range from {
			to <- line
		}
	}()
}

// An initiator that does not come back ends the run: it says which lines are
// unknown, submits no further line, and how to go on.
func TestRunManySaysWhereItEnded(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, outageINI)
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	run := startRunMany(t, dir, 20_000, "--jobs", "4", "--reconnect", "0.3", "echoer", "-")
	run.keepReadingStderr()
	results := 0
	for range run.stdout {
		if results++; results == 100 {
			up.killUp()
		}
	}
	text := run.expectEnd(125)
	// Of the 4 jobs, each can wait for its task or have read a line that it did
	// not submit.
	unknown := strings.Count(text, "the task may still run: initiator task get ")
	unsubmitted := strings.Count(text, "the task was not submitted")
	if unknown < 1 || unknown+unsubmitted > 8 || strings.Contains(text, "20000") || strings.Count(text, "\n") > unknown+unsubmitted+5 {
		t.Errorf("%d lines are unknown, and %d were not submitted; stderr is\n%.2000s", unknown, unsubmitted, text)
	}
	for _, want := range []string{
		"has not come back within 300ms: no initiator answers on ",
		fmt.Sprintf("no line after line %d was submitted: `tail -n +%d FILE | initiator run echoer -` goes on there", results+unknown, results+unknown+1),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("stderr does not say %q:\n%s", want, text)
		}
	}
}

// relay passes connections to a socket that may be gone for a while.
type relay struct {
	accepted chan struct{}
	all      sync.WaitGroup
}

// startRelay makes a state directory whose socket leads to another socket.
func startRelay(t *testing.T, behind string) (stateDir string, r *relay) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "initiator.sock"))
	if err != nil {
		t.Fatal(err)
	}
	r = &relay{accepted: make(chan struct{}, 1000)}
	r.all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", behind)
			if err != nil {
				near.Close()
				continue
			}
			r.accepted <- struct{}{}
			pass := func(to, from net.Conn) { _, _ = io.Copy(to, from); near.Close(); far.Close() }
			r.all.Go(func() { pass(near, far) })
			r.all.Go(func() { pass(far, near) })
		}
	})
	t.Cleanup(func() { l.Close(); r.all.Wait() })
	return dir, r
}

// A wait for one task outlives a crash and an orderly restart of the initiator, and
// says that it waits.
func TestTaskWaitOutlivesItsInitiator(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, outageINI)
	state, r := startRelay(t, filepath.Join(dir, ".initiator", "initiator.sock"))
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	kept, err := up.newClient().Submit(t.Context(), task.Request{Pool: "closed", Data: json.RawMessage(`"done"`)})
	if err != nil {
		t.Fatal(err)
	}
	wait := startProcess(t, dir, "task", "wait", "--state-dir", state, "--reconnect", "5m", kept.ID.String())
	<-r.accepted
	up.killUp()
	wait.awaitOutput("the initiator does not answer; trying again for 4m58s")
	up = startProcess(t, dir, "up")
	wait.awaitOutput("the initiator answers again")
	up.awaitOutput("all workers are ready")
	up.sendSignal(syscall.SIGTERM)
	for range up.stderr {
	}
	_ = up.cmd.Wait()
	up = startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	if _, err := up.newClient().Start(t.Context(), "closed"); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, wait.stdout, `"done"`)
	wait.expectEnd(0)
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// Many submitted lines are queued once each, although the initiator crashes meanwhile.
func TestSubmitManyOutlivesItsInitiator(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, outageINI)
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	in, feed := io.Pipe()
	cmd := exec.Command("initiator", "task", "submit", "closed", "-")
	cmd.Stdin = in
	submit := beginProcess(t, dir, cmd)
	const lines = 600
	ids := map[uuid.UUID]bool{}
	for n := range lines {
		if n == 300 {
			up.killUp()
		}
		if _, err := fmt.Fprintf(feed, "%d\n", n); err != nil {
			t.Fatal(err)
		}
		if n == 400 {
			up = startProcess(t, dir, "up")
		}
		if n < 300 || n > 400 {
			ids[uuid.MustParse(strings.TrimSpace(<-submit.stdout))] = true
		}
	}
	feed.Close()
	for line := range submit.stdout {
		ids[uuid.MustParse(strings.TrimSpace(line))] = true
	}
	text := submit.expectEnd(0)
	up.awaitOutput("all workers are ready")
	kept, err := up.newClient().List(t.Context(), task.Filter{Pool: "closed", Limit: 10_000})
	if err != nil || len(kept) != lines || len(ids) != lines {
		t.Errorf("%d tasks are kept, %d ids, %v; want %d; stderr is\n%s", len(kept), len(ids), err, lines, text)
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// Before the first answer an initiator that is not there is reported at once.
func TestNoInitiatorIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, outageINI)
	if err := os.Mkdir(filepath.Join(dir, ".initiator"), 0o700); err != nil {
		t.Fatal(err)
	}
	wait := startProcess(t, dir, "task", "wait", "--reconnect", "1h", uuid.NewString())
	if text := wait.expectExit(125); !strings.Contains(text, "no initiator answers on ") {
		t.Error(text)
	}
}
