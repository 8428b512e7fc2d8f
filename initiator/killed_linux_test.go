package initiator_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/statedir"
)

const familyINI = `
[worker:family]
command  = sh -c 'setsid sleep 1000 & (setsid sh -c "sleep 1001 & sleep 1002" &) ; sleep 1003 & exec "$$0" job echo --guid {guid} --port {port}' ${initiator:self}
socket   = inherit
replicas = 3

[worker:plain]
command  = sh -c 'trap "" TERM; while :; do sleep 1; done'
contract = off
`

// After a kill of the initiator no process is left, not even descendants of workers
// that called setsid.
func TestInitiatorKilled(t *testing.T) {
	d := newRestartHarness(t, familyINI)
	d.startReady()
	if n := len(markedProcesses(t, d.mark)); n < 3*5+2 {
		t.Fatalf("only %d processes run: %q", n, markedProcesses(t, d.mark))
	}
	d.killProgram()
	waitNoProcess(t, d.mark)
}

// After a kill of the keeper the initiator starts every worker again under a new
// keeper. Descendants of the old keeper's workers have ended.
func TestKeeperKilled(t *testing.T) {
	in := initiatortest.StartText(t, adder+`
[worker:escapes]
command  = sh -c 'setsid sleep 1000 & exec sleep 1001'
contract = off
`)
	before := in.Worker("adder")
	escaped := pidsOfWorker(t, in.Worker("escapes").GUID)
	keeper := parentPID(t, before.PID)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	after := in.WaitFor(before.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation > before.Incarnation })
	if after.Port != before.Port {
		t.Errorf("port %d, was %d", after.Port, before.Port)
	}
	in.WaitFor("escapes", func(w report.Worker) bool { return w.State == report.Running && w.Incarnation == 2 })
	for _, pid := range escaped {
		if isAlive(pid) {
			t.Errorf("pid %d of the first incarnation is left", pid)
		}
	}
	if got := in.Call("adder", json.RawMessage(`{"a":2,"b":2}`)); got != `{"sum":4}` {
		t.Errorf("got %s", got)
	}
}

// TestBothKilledAndSwept: the initiator and its keeper are killed at one instant. No
// process is left that could end what has escaped from a worker; the next
// initiator ends it.
func TestBothKilledAndSwept(t *testing.T) {
	d := newRestartHarness(t, `
[worker:escapes]
command   = sh -c 'setsid sleep 1000 & exec sleep 1001'
contract  = off
startsecs = 0
`)
	d.startReady()
	for state, err := statedir.ReadLastKnownState(d.state); err != nil || state.Workers[0].PID == 0; {
		state, err = statedir.ReadLastKnownState(d.state)
	}
	killed := d.killBoth()
	d.startReady()
	waitNoProcess(t, killed)
}

// killBoth kills the initiator and its keeper at one instant. It returns the mark
// of the processes that were left; the next program has another mark.
func (d *restartHarness) killBoth() (killed string) {
	d.t.Helper()
	keepers := keepersWithMark(d.t, d.mark)
	keepertest.SuspendProcess(d.t, d.cmd.Process.Pid) // so that it cannot act on its keeper's death
	for _, pid := range keepers {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	d.killProgram()
	if len(keepers) != 1 {
		d.t.Fatalf("keepers: %v", keepers)
	}
	killed = d.mark
	d.renewMark()
	return killed
}

// TestBothKilledBeforeTheSnapshot: the initiator and its keeper are killed when a
// kept worker runs and its snapshot is not stored yet. The next initiator ends
// the worker that it cannot know, and starts it again.
func TestBothKilledBeforeTheSnapshot(t *testing.T) {
	for name, first := range map[string]bool{"the first start": true, "a restart": false} {
		t.Run(name, func(t *testing.T) {
			d := newRestartHarness(t, `
[worker:kept]
command           = sleep 1000
contract          = off
startsecs         = 0
on_initiator_exit = keep
restart_delay     = 0
`)
			d.startReady()
			w := workerNamed(t, d.listWorkers(), "kept")
			snapshot := d.snapshotPath(w.GUID)
			var stored []byte // when both are killed
			if !first {
				await(t, "the snapshot", func() bool {
					stored, _ = os.ReadFile(snapshot)
					return strings.Contains(string(stored), fmt.Sprint(w.PID))
				})
				signalAndWait(t, w.PID, syscall.SIGKILL)
				d.waitWorker(w.GUID, func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
			}
			killed := d.killBoth()
			if first {
				_ = os.Remove(snapshot) // it may not be there yet
				_ = os.Remove(filepath.Join(d.state, "workers.json"))
			} else {
				writeFile(t, snapshot, string(stored))
			}
			d.startReady()
			waitNoProcess(t, killed)
			d.stopProgram()
		})
	}
}
