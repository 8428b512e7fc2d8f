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

	"initiator/initiator/report"
	"initiator/internal/keeper/keepertest"
)

// quietINI has workers that survive their keeper: they write nothing.
const quietINI = `
[DEFAULT]
on_initiator_exit = keep

[worker:adder]
command  = ${initiator:self} job sum
replicas = 2

[worker:silent]
command  = sh -c 'exec sleep 1000'
contract = off

# like a program that writes its title over its environment
[worker:bare]
command  = env -i sleep 1000
contract = off
`

// killInitiatorAndKeeper starts quiet workers, and kills the initiator and its
// keeper.
func killInitiatorAndKeeper(t *testing.T) (*restartHarness, map[string]report.Worker) {
	t.Helper()
	d := newRestartHarness(t, quietINI)
	d.startReady()
	before := d.listWorkers()
	keeper := parentPID(t, workerNamed(t, before, "adder").PID)
	for guid, w := range before {
		d.waitSnapshot(guid, w.PID)
	}
	dead := ended(t, keeper)
	d.killProgram()
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-dead
	for _, w := range before {
		if !isAlive(w.PID) {
			t.Fatalf("%s (%d) is dead", w.Name, w.PID)
		}
	}
	return d, before
}

// waitSnapshot waits until the snapshot of a worker names a process.
func (d *restartHarness) waitSnapshot(guid string, pid int) {
	d.t.Helper()
	for d.t.Context().Err() == nil {
		if entry, err := d.readSnapshot(guid); err == nil && entry["pid"] == float64(pid) {
			var memo struct{ Record struct{ Phase string } }
			raw, _ := json.Marshal(entry["memo"])
			if json.Unmarshal(raw, &memo) == nil && memo.Record.Phase == "ready" {
				return
			}
		}
	}
}

func (d *restartHarness) snapshotPath(guid string) string {
	return filepath.Join(d.state, "kept", guid+".json")
}

func (d *restartHarness) readSnapshot(guid string) (entry map[string]any, err error) {
	text, err := os.ReadFile(d.snapshotPath(guid))
	if err == nil {
		err = json.Unmarshal(text, &entry)
	}
	return entry, err
}

// editSnapshot changes the snapshot of a worker.
func (d *restartHarness) editSnapshot(guid string, change func(entry map[string]any)) {
	d.t.Helper()
	entry, err := d.readSnapshot(guid)
	if err != nil {
		d.t.Fatal(err)
	}
	change(entry)
	text, err := json.Marshal(entry)
	if err == nil {
		err = os.WriteFile(d.snapshotPath(guid), text, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// The next initiator adopts the workers of an initiator that was killed with its
// keeper. They are the same processes, and their later exits are known.
func TestBothKilled(t *testing.T) {
	d, before := killInitiatorAndKeeper(t)
	d.startReady()
	d.expectSameWorkers(before)
	was := workerNamed(t, before, "adder")
	if err := syscall.Kill(was.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	is := d.waitWorker(was.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
	if is.LastExit.Class != report.ExitUnknown && is.LastExit.Signal != "KILL" {
		t.Errorf("its last exit is %+v", is.LastExit)
	}
	if is.Port != was.Port || is.Restarts != was.Restarts+1 {
		t.Errorf("it is %+v, and was %+v", is, was)
	}
	t.Log(is.LastExit)
	d.stopProgram()
}

// When only the keeper is killed, the running initiator adopts the workers.
func TestKeeperAloneKilled(t *testing.T) {
	d := newRestartHarness(t, quietINI)
	d.startReady()
	before := d.listWorkers()
	l := d.startLoad(workerNamed(t, before, "adder").Addr)
	keeper := parentPID(t, workerNamed(t, before, "adder").PID)
	dead := ended(t, keeper)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-dead
	for guid := range before {
		for d.t.Context().Err() == nil {
			if entry, err := d.readSnapshot(guid); err == nil && strings.Contains(mustJSON(entry), `"Phase":"ready"`) {
				break
			}
		}
	}
	d.expectSameWorkers(before)
	l.end(t)
	d.expectTasksCompleted()
	d.stopProgram()
}

func mustJSON(v any) string {
	text, _ := json.Marshal(v) // it was read from JSON
	return string(text)
}

// When anything in a snapshot is wrong, the process is not adopted and not
// signalled, and the worker is started anew.
func TestUnprovenProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, before := killInitiatorAndKeeper(t)
	was := workerNamed(t, before, "adder")
	d.editSnapshot(was.GUID, func(e map[string]any) { e["memo"].(map[string]any)["Token"] = "another" })
	d.expectFreshStart(was)
}

// A snapshot whose process has ended can name a process of another program: that
// program gets no signal. A process of the worker that no snapshot names is ended.
func TestForeignProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(entry map[string]any){
		"recycled pid": func(e map[string]any) { e["start"] = e["start"].(float64) - 1 },
		"another boot": func(e map[string]any) { e["boot"] = "00000000-0000-0000-0000-000000000000" },
	} {
		t.Run(name, func(t *testing.T) {
			stranger := exec.Command("sleep", "1000")
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = stranger.Process.Kill()
				_ = stranger.Wait()
			}()
			d, before := killInitiatorAndKeeper(t)
			was := workerNamed(t, before, "adder")
			d.editSnapshot(was.GUID, func(e map[string]any) {
				e["pid"] = stranger.Process.Pid
				change(e)
			})
			dead := ended(t, was.PID)
			d.startReady()
			<-dead
			if w := workerNamed(t, d.listWorkers(), "adder"); !w.Ready || w.PID == was.PID || w.PID == stranger.Process.Pid {
				t.Errorf("%+v, and was %+v", w, was)
			}
			d.stopProgram()
			if !isAlive(stranger.Process.Pid) {
				t.Error("the process of another program was ended")
			}
		})
	}
}

// expectFreshStart starts the next program, which must not signal the process of
// was.
func (d *restartHarness) expectFreshStart(was report.Worker) {
	d.t.Helper()
	d.startReady()
	if !isAlive(was.PID) {
		d.t.Errorf("process %d was ended", was.PID)
	}
	for _, w := range d.listWorkers() {
		if w.PID == was.PID || !w.Ready || w.Name == "adder" && w.Port == was.Port {
			d.t.Errorf("%+v, and was %+v", w, was)
		}
	}
	d.stopProgram()
	if !isAlive(was.PID) {
		d.t.Errorf("process %d was ended", was.PID)
	}
	dead := ended(d.t, was.PID)
	if err := syscall.Kill(was.PID, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	<-dead
}

// A suspended worker cannot prove which worker it is.
func TestSuspendedWorkerIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, before := killInitiatorAndKeeper(t)
	was := workerNamed(t, before, "adder")
	keepertest.SuspendProcess(t, was.PID)
	d.expectFreshStart(was)
}

// With a state file of a newer program nothing is started, and the message says what
// is safe to delete.
func TestStateOfANewerProgram(t *testing.T) {
	d, before := killInitiatorAndKeeper(t)
	guid := workerNamed(t, before, "adder").GUID
	kept := d.snapshotPath(guid)
	apiAddress := filepath.Join(d.state, "home.json")
	for _, c := range []struct{ path, text, want string }{
		{apiAddress, `{"version":99,"what":"initiator home","written_by":"9.9","port":1}`, "newer version (9.9, format 99"},
		{kept, `{"version":99,"what":"initiator worker","written_by":"9.9"}`, "newer version"},
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
		output, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if !errors.As(err, &failed) || !bytes.Contains(output, []byte(c.want)) || !bytes.Contains(output, []byte("safe to delete")) {
			t.Errorf("%q in %s: %v: %s", c.text, c.path, err, output)
		}
		if err := os.WriteFile(c.path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.startReady()
	d.expectSameWorkers(before)
	d.stopProgram()
}

// A damaged state file is set aside and said. The worker whose snapshot is damaged is
// ended and started anew.
func TestDamagedStateIsSetAside(t *testing.T) {
	d, before := killInitiatorAndKeeper(t)
	was := workerNamed(t, before, "adder")
	paths := []string{d.snapshotPath(was.GUID), filepath.Join(d.state, "home.json")}
	for _, path := range paths {
		if err := os.WriteFile(path, []byte(`{"version":1,"what":"initi`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dead := ended(t, was.PID)
	d.startReady()
	<-dead
	c := d.newClient()
	defer c.Close()
	status, err := c.Status(t.Context())
	if err != nil || len(status.Problems) != len(paths) {
		t.Errorf("problems %+v, %v", status.Problems, err)
	}
	for _, path := range paths {
		if _, err := os.Stat(path + ".refused"); err != nil {
			t.Error(err)
		}
		if text := mustJSON(status.Problems); !strings.Contains(text, filepath.Base(path)+".refused") {
			t.Errorf("status says %s, and nothing of %s", text, path)
		}
	}
	d.stopProgram()
}
