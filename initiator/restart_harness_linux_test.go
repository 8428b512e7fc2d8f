package initiator_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/testlength"
)

// restartHarness starts one program after another on the same INI and state
// directory, each as a process of its own.
type restartHarness struct {
	t          *testing.T
	ini, state string
	mark       string // in the environment of the program and all its descendants
	cmd        *exec.Cmd
	ready      chan string           // has what the program writes to stdout, and is closed at its end
	startCmd   func(*exec.Cmd) error // in a place of the test's choice
}

func newRestartHarness(t *testing.T, ini string) *restartHarness {
	t.Helper()
	return newRestartHarnessIn(t, t.TempDir(), ini)
}

// newRestartHarnessIn uses a directory that the test knows.
func newRestartHarnessIn(t *testing.T, dir, ini string) *restartHarness {
	t.Helper()
	d := &restartHarness{t: t, ini: filepath.Join(dir, "initiator.ini"), state: filepath.Join(dir, "state"), startCmd: (*exec.Cmd).Start}
	d.renewMark()
	writeFile(t, d.ini, ini)
	t.Cleanup(func() {
		if d.cmd != nil {
			d.killProgram()
		}
		for _, line := range markedProcesses(t, d.mark) { // what a failed test has left
			var pid int
			if _, err := fmt.Sscan(line, &pid); err == nil && t.Failed() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		waitNoProcess(t, d.mark)
	})
	return d
}

// renewMark gives the next programs another mark than the programs before.
func (d *restartHarness) renewMark() {
	d.mark = fmt.Sprintf("TEST_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
}

// startProgram starts the next program, and does not wait for it.
func (d *restartHarness) startProgram() {
	d.t.Helper()
	d.cmd = exec.Command(os.Args[0], "up", d.ini, d.state)
	d.cmd.Env = append(os.Environ(), d.mark, "GORACE=atexit_sleep_ms=0")
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.startCmd(d.cmd)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	ready := make(chan string, 16)
	d.ready = ready
	go func() {
		defer close(ready)
		for in := bufio.NewScanner(out); in.Scan(); {
			ready <- in.Text()
		}
	}()
}

// startReady starts the next program and waits until every worker is ready.
func (d *restartHarness) startReady() {
	d.t.Helper()
	d.startProgram()
	d.waitReady()
}

func (d *restartHarness) waitReady() {
	d.t.Helper()
	select {
	case line := <-d.ready:
		if line != "ready: <nil>" {
			d.t.Fatalf("up says %q", line)
		}
	case <-time.After(testlength.Patience):
		d.t.Fatalf("it does not come up: %+v", d.listWorkers())
	}
}

func (d *restartHarness) killProgram() {
	_ = d.cmd.Process.Kill()
	for range d.ready {
	}
	_ = d.cmd.Wait() // the error is the signal
	d.cmd = nil
}

// stopProgram ends the program in order.
func (d *restartHarness) stopProgram() {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	if err := c.Shutdown(d.t.Context(), false); err != nil {
		d.t.Fatal(err)
	}
	for range d.ready {
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("it ended with %v", err)
	}
	d.cmd = nil
}

func (d *restartHarness) newClient() *client.Client {
	return client.New(filepath.Join(d.state, "initiator.sock"))
}

// listWorkers returns the workers by guid.
func (d *restartHarness) listWorkers() map[string]report.Worker {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	list, err := c.Workers(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	found := map[string]report.Worker{}
	for _, w := range list {
		found[w.GUID] = w
	}
	return found
}

// waitWorker waits until a worker is as wanted.
func (d *restartHarness) waitWorker(guid string, is func(report.Worker) bool) report.Worker {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		if w := d.listWorkers()[guid]; is(w) {
			return w
		}
	}
	return report.Worker{}
}

// expectSameWorkers checks that every worker is the process that it was.
func (d *restartHarness) expectSameWorkers(before map[string]report.Worker) {
	d.t.Helper()
	after := d.listWorkers()
	for guid, was := range before {
		is := after[guid]
		if is.PID != was.PID || is.Incarnation != was.Incarnation || is.Port != was.Port || is.Restarts < was.Restarts || is.Deaths < was.Deaths || !is.Ready {
			d.t.Errorf("%s is %+v\nand was %+v", was.Name, is, was)
		}
	}
	if len(after) != len(before) {
		d.t.Errorf("there are %d workers and were %d", len(after), len(before))
	}
}

// workerNamed returns a worker of a definition.
func workerNamed(t *testing.T, list map[string]report.Worker, name string) report.Worker {
	t.Helper()
	for _, w := range list {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("there is no %s in %+v", name, list)
	return report.Worker{}
}
