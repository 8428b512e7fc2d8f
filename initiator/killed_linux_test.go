package initiator_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/lifecycle"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// marked lists the processes that carry a mark in their environment.
func marked(t *testing.T, mark string) []string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, path := range found {
		env, err := os.ReadFile(path)
		if err == nil && bytes.Contains(env, []byte(mark)) {
			cmd, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			list = append(list, filepath.Base(filepath.Dir(path))+" "+string(bytes.ReplaceAll(cmd, []byte{0}, []byte{' '})))
		}
	}
	return list
}

// gone waits until no process carries the mark.
func gone(t *testing.T, mark string) {
	t.Helper()
	began := time.Now()
	for time.Since(began) < initiatortest.Patience {
		if len(marked(t, mark)) == 0 {
			t.Logf("nothing is left after %v", time.Since(began).Round(time.Millisecond))
			return
		}
	}
	t.Fatalf("left behind: %q", marked(t, mark))
}

const family = `
[worker:family]
command  = sh -c 'setsid sleep 1000 & (setsid sh -c "sleep 1001 & sleep 1002" &) ; sleep 1003 & exec "$$0" job echo --guid {guid} --port {port}' ${initiator:self}
socket   = inherit
replicas = 3

[worker:plain]
command  = sh -c 'trap "" TERM; while :; do sleep 1; done'
contract = off
`

// up starts the program above on an INI, as a process of its own.
func up(t *testing.T, ini string) (*exec.Cmd, string) {
	t.Helper()
	return upIn(t, t.TempDir(), ini, (*exec.Cmd).Start)
}

// upIn is up in a directory, begun by whoever knows where.
func upIn(t *testing.T, dir, ini string, start func(*exec.Cmd) error) (*exec.Cmd, string) {
	t.Helper()
	path := filepath.Join(dir, "initiator.ini")
	if err := os.WriteFile(path, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprintf("HOUSE_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
	cmd := exec.Command(os.Args[0], "up", path, filepath.Join(dir, "state"))
	cmd.Env = append(os.Environ(), mark)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		gone(t, mark)
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready: <nil>" {
		t.Fatalf("up says %q, %v", line, err)
	}
	return cmd, mark
}

// TestInitiatorKilled: nothing of it is left, nor of any worker's descendants,
// also those that called setsid.
func TestInitiatorKilled(t *testing.T) {
	cmd, mark := up(t, family)
	if n := len(marked(t, mark)); n < 3*5+2 {
		t.Fatalf("only %d processes run: %q", n, marked(t, mark))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, mark)
}

// TestKeeperKilled: the initiator says so, and brings everything up again under
// a new keeper; what the old one's workers had started is gone.
func TestKeeperKilled(t *testing.T) {
	in := initiatortest.StartText(t, adder+`
[worker:escapes]
command  = sh -c 'setsid sleep 1000 & exec sleep 1001'
contract = off
`)
	before := in.Worker("adder")
	stray := childrenOf(t, in.Worker("escapes").GUID)
	keeper := parentOf(t, before.PID)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	after := in.WaitFor(before.GUID, "ready under a new keeper", func(w supervise.Worker) bool { return w.Ready && w.Incarnation > before.Incarnation })
	if after.Port != before.Port {
		t.Errorf("port %d, was %d", after.Port, before.Port)
	}
	in.WaitFor("escapes", "running again", func(w supervise.Worker) bool { return w.State == lifecycle.Running && w.Incarnation == 2 })
	for _, pid := range stray {
		if alive(pid) {
			t.Errorf("pid %d of the first incarnation is left", pid)
		}
	}
	if got := in.Call("adder", `{"a":2,"b":2}`); got != `{"sum":4}` {
		t.Errorf("got %s", got)
	}
}

// TestBothKilledAndSwept: the initiator and its keeper die at one instant. What had
// escaped from a worker has nobody left; the next initiator ends it.
func TestBothKilledAndSwept(t *testing.T) {
	dir, escapes := t.TempDir(), `
[worker:escapes]
command   = sh -c 'setsid sleep 1000 & exec sleep 1001'
contract  = off
startsecs = 0
`
	cmd, mark := upIn(t, dir, escapes, (*exec.Cmd).Start)
	state := filepath.Join(dir, "state")
	for seen, err := statedir.ReadLastKnownState(state); err != nil || seen.Workers[0].PID == 0; {
		seen, err = statedir.ReadLastKnownState(state)
	}
	keepers := keepersBelow(t, mark)
	keepertest.SuspendProcess(t, cmd.Process.Pid) // it does not live to see its keeper's death
	for _, pid := range keepers {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(keepers) != 1 {
		t.Fatalf("keepers: %v", keepers)
	}
	upIn(t, dir, escapes, (*exec.Cmd).Start)
	gone(t, mark)
}

// keepersBelow lists the keepers that carry a mark.
func keepersBelow(t *testing.T, mark string) (pids []int) {
	t.Helper()
	for _, line := range marked(t, mark) {
		pid, title, _ := strings.Cut(line, " ")
		if strings.HasPrefix(title, "initiator-keeper") {
			var n int
			_, _ = fmt.Sscan(pid, &n)
			pids = append(pids, n)
		}
	}
	return pids
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// childrenOf lists the pids that carry a worker's guid.
func childrenOf(t *testing.T, guid string) []int {
	t.Helper()
	var pids []int
	for _, line := range marked(t, "INITIATOR_GUID="+guid) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	if len(pids) < 2 {
		t.Fatalf("worker %s has processes %v; want it and its escaped child", guid, pids)
	}
	return pids
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var parent int
	rest := stat[bytes.LastIndexByte(stat, ')')+1:]
	var state string
	if _, err := fmt.Sscan(string(rest), &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}
