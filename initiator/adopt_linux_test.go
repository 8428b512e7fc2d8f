package initiator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"initiator/internal/keeper/keepertest"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// silent is workers that survive their keeper: they write nothing.
const silent = `
[DEFAULT]
on_initiator_exit = keep

[worker:adder]
command  = ${initiator:self} job sum
replicas = 2

[worker:silent]
command  = sh -c 'exec sleep 1000'
contract = off
`

// orphan brings up quiet workers and kills the initiator and its keeper.
func orphan(t *testing.T) (*dynasty, map[string]supervise.Worker) {
	t.Helper()
	d := newDynasty(t, silent)
	d.up()
	before := d.workers()
	keeper := parentOf(t, pick(t, before, "adder").PID)
	for guid, w := range before {
		d.noted(guid, w.PID)
	}
	dead := ended(t, keeper)
	d.kill()
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-dead
	for _, w := range before {
		if !alive(w.PID) {
			t.Fatalf("%s (%d) is dead", w.Name, w.PID)
		}
	}
	return d, before
}

// noted waits until the ledger knows a worker's process.
func (d *dynasty) noted(guid string, pid int) {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		if entry, err := d.entry(guid); err == nil && entry["pid"] == float64(pid) {
			var memo struct{ Record struct{ Phase string } }
			raw, _ := json.Marshal(entry["memo"])
			if json.Unmarshal(raw, &memo) == nil && memo.Record.Phase == "ready" {
				return
			}
		}
	}
}

func (d *dynasty) path(guid string) string { return filepath.Join(d.state, "kept", guid+".json") }

func (d *dynasty) entry(guid string) (entry map[string]any, err error) {
	text, err := os.ReadFile(d.path(guid))
	if err == nil {
		err = json.Unmarshal(text, &entry)
	}
	return entry, err
}

// forge changes what is noted of a worker.
func (d *dynasty) forge(guid string, change func(entry map[string]any)) {
	d.t.Helper()
	entry, err := d.entry(guid)
	if err != nil {
		d.t.Fatal(err)
	}
	change(entry)
	text, err := json.Marshal(entry)
	if err == nil {
		err = os.WriteFile(d.path(guid), text, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// ended is closed when a process has ended.
func ended(t *testing.T, pid int) <-chan struct{} {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer unix.Close(fd)
		for {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != unix.EINTR {
				return
			}
		}
	}()
	return done
}

// TestBothKilled: the next initiator adopts the workers, and they are what they
// were; their true exit is known, and what follows from it.
func TestBothKilled(t *testing.T) {
	d, before := orphan(t)
	d.up()
	d.same(before)
	was := pick(t, before, "adder")
	if err := syscall.Kill(was.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	is := d.until(was.GUID, func(w supervise.Worker) bool { return w.Ready && w.Incarnation == 2 })
	if is.LastExit.Class != lifecycle.ExitUnknown && is.LastExit.Signal != "KILL" {
		t.Errorf("its last exit is %+v", is.LastExit)
	}
	if is.Port != was.Port || is.Restarts != was.Restarts+1 {
		t.Errorf("it is %+v, and was %+v", is, was)
	}
	t.Log(is.LastExit)
	d.end()
}

// until waits for a worker to be as wanted.
func (d *dynasty) until(guid string, is func(supervise.Worker) bool) supervise.Worker {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		if w := d.workers()[guid]; is(w) {
			return w
		}
	}
	return supervise.Worker{}
}

// TestKeeperAloneKilled: the running initiator adopts them.
func TestKeeperAloneKilled(t *testing.T) {
	d := newDynasty(t, silent)
	d.up()
	before := d.workers()
	l := d.load(pick(t, before, "adder").Addr)
	keeper := parentOf(t, pick(t, before, "adder").PID)
	dead := ended(t, keeper)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-dead
	for guid := range before {
		for d.t.Context().Err() == nil {
			if entry, err := d.entry(guid); err == nil && strings.Contains(mustJSON(entry), `"Phase":"ready"`) {
				break
			}
		}
	}
	d.same(before)
	l.end(t)
	d.fulfilled()
	d.end()
}

func mustJSON(v any) string {
	text, _ := json.Marshal(v) // it was read from JSON
	return string(text)
}

// TestStrangersAreLeftAlone: where any mark of a worker is wrong, the process
// is not adopted and not signalled, and the worker is started anew.
func TestStrangersAreLeftAlone(t *testing.T) {
	for name, change := range map[string]func(entry map[string]any){
		"recycled pid":    func(e map[string]any) { e["start"] = e["start"].(float64) - 1 },
		"another boot":    func(e map[string]any) { e["boot"] = "00000000-0000-0000-0000-000000000000" },
		"replaced worker": func(e map[string]any) { e["memo"].(map[string]any)["Token"] = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			d, before := orphan(t)
			was := pick(t, before, "adder")
			d.forge(was.GUID, change)
			d.startsAnew(was)
		})
	}
}

// startsAnew brings up the next one, which must not touch a process.
func (d *dynasty) startsAnew(was supervise.Worker) {
	d.t.Helper()
	d.up()
	if !alive(was.PID) {
		d.t.Errorf("process %d was ended", was.PID)
	}
	for _, w := range d.workers() {
		if w.PID == was.PID || !w.Ready || w.Name == "adder" && w.Port == was.Port {
			d.t.Errorf("%+v, and was %+v", w, was)
		}
	}
	d.end()
	if !alive(was.PID) {
		d.t.Errorf("process %d was ended", was.PID)
	}
	dead := ended(d.t, was.PID)
	if err := syscall.Kill(was.PID, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	<-dead
}

// TestStoppedWorkerIsLeftAlone: it cannot prove who it is.
func TestStoppedWorkerIsLeftAlone(t *testing.T) {
	d, before := orphan(t)
	was := pick(t, before, "adder")
	keepertest.SuspendProcess(t, was.PID)
	d.startsAnew(was)
}

// TestStateThatCannotBeRead: nothing is started, and it is said what is safe
// to delete.
func TestStateThatCannotBeRead(t *testing.T) {
	d, before := orphan(t)
	guid := pick(t, before, "adder").GUID
	kept := d.path(guid)
	home := filepath.Join(d.state, "home.json")
	for _, c := range []struct{ path, text, want string }{
		{home, `{"version":99,"what":"initiator home","written_by":"9.9","port":1}`, "newer version (9.9, format 99"},
		{home, `{"version":1,"what":"initi`, "torn"},
		{home, `{"name":"package.json"}`, "not written by this program"},
		{kept, `{"version":99,"what":"initiator worker","written_by":"9.9"}`, "newer version"},
		{kept, `{"version":1,"what":"initiator wor`, "torn"},
	} {
		whole, err := os.ReadFile(c.path)
		if err == nil {
			err = os.WriteFile(c.path, []byte(c.text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "up", d.ini, d.state)
		cmd.Env = append(os.Environ(), d.mark)
		said, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if !errors.As(err, &failed) || !bytes.Contains(said, []byte(c.want)) || !bytes.Contains(said, []byte("safe to delete")) {
			t.Errorf("%q in %s: %v: %s", c.text, c.path, err, said)
		}
		if err := os.WriteFile(c.path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.up()
	d.same(before)
	d.end()
}
