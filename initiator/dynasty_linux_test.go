package initiator_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/internal/supervise"
)

// dynasty is one initiator after the other on the same file and state.
type dynasty struct {
	t          *testing.T
	ini, state string
	mark       string
	cmd        *exec.Cmd
	ready      chan string // has the line that it is ready, and is closed at its end
}

func newDynasty(t *testing.T, ini string) *dynasty {
	t.Helper()
	dir := t.TempDir()
	d := &dynasty{t: t, ini: filepath.Join(dir, "initiator.ini"), state: filepath.Join(dir, "state")}
	d.mark = fmt.Sprintf("HOUSE_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
	if err := os.WriteFile(d.ini, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd != nil {
			d.kill()
		}
		for _, line := range marked(t, d.mark) { // what a failed test has left
			var pid int
			if _, err := fmt.Sscan(line, &pid); err == nil && t.Failed() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		gone(t, d.mark)
	})
	return d
}

// start begins the next one, and does not wait for it.
func (d *dynasty) start() {
	d.t.Helper()
	d.cmd = exec.Command(os.Args[0], "up", d.ini, d.state)
	d.cmd.Env = append(os.Environ(), d.mark, "GORACE=atexit_sleep_ms=0")
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.cmd.Start()
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

// up starts the next one and waits until all is ready.
func (d *dynasty) up() {
	d.t.Helper()
	d.start()
	d.whenReady()
}

func (d *dynasty) whenReady() {
	d.t.Helper()
	select {
	case line := <-d.ready:
		if line != "ready: <nil>" {
			d.t.Fatalf("up says %q", line)
		}
	case <-time.After(initiatortest.Patience):
		d.t.Fatalf("it does not come up: %+v", d.workers())
	}
}

func (d *dynasty) kill() {
	_ = d.cmd.Process.Kill()
	for range d.ready {
	}
	_ = d.cmd.Wait() // the error is the signal
	d.cmd = nil
}

// end stops it in good order.
func (d *dynasty) end() {
	d.t.Helper()
	if err := d.client().Shutdown(d.t.Context(), false); err != nil {
		d.t.Fatal(err)
	}
	for range d.ready {
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("it ended with %v", err)
	}
	d.cmd = nil
}

func (d *dynasty) client() *client.Client {
	return client.Unix(filepath.Join(d.state, "initiator.sock"))
}

// workers by guid.
func (d *dynasty) workers() map[string]supervise.Worker {
	d.t.Helper()
	c := d.client()
	defer c.Close()
	list, err := c.Workers(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	found := map[string]supervise.Worker{}
	for _, w := range list {
		found[w.GUID] = w
	}
	return found
}

// same checks that every worker is the process that it was.
func (d *dynasty) same(before map[string]supervise.Worker) {
	d.t.Helper()
	after := d.workers()
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

// marksOf reads what a process was told of itself.
func marksOf(pid int) (guid, incarnation string) {
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // of one that is gone: none
	for _, entry := range strings.Split(string(env), "\x00") {
		if v, ok := strings.CutPrefix(entry, "INITIATOR_GUID="); ok {
			guid = v
		}
		if v, ok := strings.CutPrefix(entry, "INITIATOR_INCARNATION="); ok {
			incarnation = v
		}
	}
	return guid, incarnation
}
