package initiator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/supervise"
	"initiator/internal/testlength"
)

// frozenFor is longer than heartbeat_tolerance in frozenINI, and longer than
// every gap that a busy machine may cause.
const frozenFor = 4 * time.Second

// frozenINI has workers of each kind that a freeze could harm. The time-outs of
// the tasks and of the workers are shorter than frozenFor.
const frozenINI = `
[DEFAULT]
heartbeat_span      = 200ms
heartbeat_tolerance = 2s
attempts            = 1
command             = ${initiator:self} job sleep

[worker:stop]
slots = 2

[worker:keep]
on_initiator_exit = keep
slots             = 2

[worker:probed]
command        = ${initiator:self} answer {port}
contract       = off
ready          = http:/
probe          = http:/
probe_span     = 10ms
probe_timeout  = 2s
probe_failures = 1

[worker:watched]
command        = ${initiator:self} answer {port}
contract       = off
ready          = http:/
probe          = exec:sleep 0.1
probe_span     = 10ms
probe_timeout  = 2s
probe_failures = 1
`

// freezeTree stops every process of the program, waits, and continues them.
func (d *restartHarness) freezeTree(ctx context.Context, long time.Duration) {
	d.t.Helper()
	pids := d.stopTree()
	pause(ctx, long)
	continueAll(pids)
}

// stopTree stops the initiator, its keepers and their workers with SIGSTOP. It
// stops the processes that start others first, so that no process is missed.
func (d *restartHarness) stopTree() (pids []int) {
	d.t.Helper()
	pids = append([]int{d.cmd.Process.Pid}, keepersWithMark(d.t, d.mark)...)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	for _, line := range markedProcesses(d.t, d.mark) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil && syscall.Kill(pid, syscall.SIGSTOP) == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func continueAll(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// freezeProcess stops one process, waits, and continues it.
func freezeProcess(t *testing.T, pid int, long time.Duration) {
	t.Helper()
	keepertest.SuspendProcess(t, pid)
	pause(t.Context(), long)
	_ = syscall.Kill(pid, syscall.SIGCONT)
}

// submitRunning submits a task and waits until a worker runs it.
func submitRunning(t *testing.T, c *client.Client, r task.Request) uuid.UUID {
	t.Helper()
	got, err := c.Submit(t.Context(), r)
	for err == nil && got.State == task.Queued {
		got, err = c.Task(t.Context(), got.ID)
	}
	if err != nil || got.State != task.Running {
		t.Fatalf("the task is %s: %s, %v", got.State, got.Reason, err)
	}
	return got.ID
}

func waitEnd(t *testing.T, c *client.Client, id uuid.UUID) task.Task {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testlength.Patience)
	defer cancel()
	got, err := whateverEnd(c.Wait(ctx, id))
	if err != nil {
		t.Fatalf("the task is %s: %s, %v", got.State, got.Reason, err)
	}
	return got
}

// startFrozenCase starts the program of frozenINI with two tasks of length long
// in each pool of tasks. The second task has a time-out, one second longer than long.
func startFrozenCase(t *testing.T, long time.Duration) (d *restartHarness, c *client.Client, workers map[string]report.Worker, tasks []uuid.UUID) {
	t.Helper()
	d = newRestartHarness(t, frozenINI)
	d.startReady()
	c = d.newClient()
	t.Cleanup(c.Close)
	workers = d.listWorkers()
	for _, pool := range []string{"stop", "keep"} {
		data := json.RawMessage(fmt.Sprintf(`{"ms":%d}`, long.Milliseconds()))
		timeout := task.Seconds(long + time.Second)
		tasks = append(tasks,
			submitRunning(t, c, task.Request{Pool: pool, Data: data}),
			submitRunning(t, c, task.Request{Pool: pool, Data: data, Timeout: &timeout}),
		)
	}
	return d, c, workers, tasks
}

// expectNotCharged checks that the tasks completed without a charged attempt,
// and returns how many attempts were interrupted.
func expectNotCharged(t *testing.T, c *client.Client, tasks []uuid.UUID) (interrupted int) {
	t.Helper()
	for _, id := range tasks {
		got := waitEnd(t, c, id)
		text, _ := json.Marshal(got)
		if got.State != task.Completed || got.Attempt != 1 {
			t.Errorf("the task is %s: %s\n%s", got.State, got.Reason, text)
		}
		for _, a := range got.History[:len(got.History)-1] {
			if interrupted++; a.Outcome != task.OutcomeInterrupted || !strings.HasPrefix(a.Error, "the initiator did not run for ") {
				t.Errorf("an attempt is %s: %s\n%s", a.Outcome, a.Error, text)
			}
			t.Logf("%s: %s", a.Outcome, a.Error)
		}
	}
	return interrupted
}

// TestTreeFrozen: everything is stopped for longer than heartbeat_tolerance.
// No worker is ended, and no attempt is charged.
func TestTreeFrozen(t *testing.T) {
	t.Parallel()
	d, c, before, tasks := startFrozenCase(t, 1500*time.Millisecond)
	d.freezeTree(t.Context(), frozenFor)
	expectNotCharged(t, c, tasks)
	d.expectSameWorkers(before)
	d.stopProgram()
}

// TestInitiatorFrozen: only the initiator is stopped. The workers lose their
// master and give up their tasks, unless they are kept. No worker is ended, and
// no attempt is charged.
func TestInitiatorFrozen(t *testing.T) {
	t.Parallel()
	d, c, before, tasks := startFrozenCase(t, 3500*time.Millisecond)
	freezeProcess(t, d.cmd.Process.Pid, frozenFor+time.Second)
	if n := expectNotCharged(t, c, tasks[:2]); n != 2 {
		t.Errorf("%d attempts of the worker that lost its master were interrupted, want 2", n)
	}
	if n := expectNotCharged(t, c, tasks[2:]); n != 0 {
		t.Errorf("%d attempts of the kept worker were interrupted", n)
	}
	d.expectSameWorkers(before)
	d.stopProgram()
}

// TestKeeperFrozen: only the keeper is stopped. The workers do not need it.
func TestKeeperFrozen(t *testing.T) {
	t.Parallel()
	d, c, before, tasks := startFrozenCase(t, 1500*time.Millisecond)
	freezeProcess(t, keepersWithMark(t, d.mark)[0], frozenFor)
	if n := expectNotCharged(t, c, tasks); n != 0 {
		t.Errorf("%d attempts were interrupted", n)
	}
	d.expectSameWorkers(before)
	d.stopProgram()
}

// TestRecordNamesWhyTheWorkerWasKilled: a worker that is stopped is killed for
// its missing heartbeats. The records of its tasks and of the worker say so.
func TestRecordNamesWhyTheWorkerWasKilled(t *testing.T) {
	t.Parallel()
	d, c, before, tasks := startFrozenCase(t, time.Minute)
	stopped := workerNamed(t, before, "stop")
	keepertest.SuspendProcess(t, stopped.PID)
	for _, id := range tasks[:2] {
		await(t, "the end of the attempt", func() bool {
			got, err := c.Task(t.Context(), id)
			if err != nil || got.History[0].Outcome == "" {
				return false
			}
			if got.History[0].Error != "no heartbeat for 2s; worker ended" {
				t.Errorf("%s: %+v", got.Reason, got.History)
			}
			return true
		})
	}
	after := d.waitWorker(stopped.GUID, func(w report.Worker) bool { return w.Incarnation > stopped.Incarnation })
	if why := supervise.Explain(after, time.Now()).Sentence; !strings.Contains(why, "no heartbeat for 2s") {
		t.Error(why)
	}
	for _, id := range tasks {
		if _, err := c.Cancel(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	d.stopProgram()
}

// TestStartAndStopFrozen: everything is stopped for longer than start_timeout
// while a worker starts, and for longer than stopwaitsecs while it stops. It is
// not killed.
func TestStartAndStopFrozen(t *testing.T) {
	t.Parallel()
	d := newRestartHarness(t, `
[worker:slow]
command       = sh -c 'pause() { for i in 0 1 2 3 4 5 6 7 8 9; do sleep 0.1; done; }; trap "pause; exit 0" TERM; pause; echo up; while :; do sleep 0.1; done'
contract      = off
ready         = line:up
start_timeout = 3s
stopwaitsecs  = 3
`)
	d.startProgram()
	c := d.newClient()
	defer c.Close()
	await(t, "the start of the worker", func() bool {
		list, err := c.Workers(t.Context())
		return err == nil && list[0].State == report.Starting && list[0].PID != 0
	})
	d.freezeTree(t.Context(), frozenFor)
	d.waitReady()
	slow := workerNamed(t, d.listWorkers(), "slow")
	if slow.Incarnation != 1 {
		t.Errorf("its start was ended: %s", slow.LastExit)
	}
	stopped := make(chan error, 1)
	go func() {
		_, err := c.Stop(t.Context(), "slow")
		stopped <- err
	}()
	d.waitWorker(slow.GUID, func(w report.Worker) bool { return w.State == report.Stopping })
	d.freezeTree(t.Context(), frozenFor)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if exit := workerNamed(t, d.listWorkers(), "slow").LastExit; exit.Code != 0 || exit.Signal != "" {
		t.Errorf("its end was hurried: %s", exit)
	}
	d.stopProgram()
}
