package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// memoryINI has a pool whose tasks wait.
const memoryINI = `[initiator]
sync = off

[worker:echoer]
command = ${initiator:self} job echo

[worker:closed]
command   = ${initiator:self} job echo
autostart = false
`

// answerMemory is how much more memory an answer may cost the initiator.
const answerMemory = 32 << 20

// TestAnswersTakeLittleMemory measures the memory of an initiator while it answers
// with lists and tasks that are much longer.
func TestAnswersTakeLittleMemory(t *testing.T) {
	const length = 20 << 20
	tasks := testlength.Count(4, 16)
	dir := newTestDirectory(t, memoryINI)
	ids := fillQueue(t, dir, tasks, length)
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	c := up.newClient()
	ctx := t.Context()
	if _, err := c.Status(ctx); err != nil {
		t.Fatal(err)
	}
	for _, a := range []struct {
		what string
		ask  func() (n int64, err error)
		want int64 // the shortest answer, in bytes
	}{
		{"a list", func() (int64, error) { return countTasks(ctx, c, task.Filter{}) }, int64(tasks)},
		{"a list with data", func() (int64, error) { return countTasks(ctx, c, task.Filter{Data: true}) }, int64(tasks) * length},
		{"a task", func() (int64, error) { got, err := c.Task(ctx, ids[0]); return int64(len(got.Data)), err }, length},
		{"an export", func() (int64, error) { var n countingWriter; _, err := c.ExportTasks(ctx, &n); return int64(n), err }, int64(tasks) * length},
	} {
		before := up.resetPeak()
		n, err := a.ask()
		if err != nil || n < a.want {
			t.Errorf("%s: %d, want %d: %v", a.what, n, a.want, err)
		}
		if more := up.peakMemory() - before; more > answerMemory {
			t.Errorf("%s: the initiator took %d MiB more, and may take %d", a.what, more>>20, answerMemory>>20)
		} else {
			t.Logf("%s: %d KiB more", a.what, more>>10)
		}
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// fillQueue submits tasks with long data to an initiator, which then ends, so that
// the next initiator has none of them in memory.
func fillQueue(t *testing.T, dir string, tasks, length int) (ids []uuid.UUID) {
	t.Helper()
	up := startProcess(t, dir, "up")
	up.awaitOutput("all workers are ready")
	c := up.newClient()
	data, err := json.Marshal(strings.Repeat("x", length))
	if err != nil {
		t.Fatal(err)
	}
	for range tasks {
		got, err := c.Submit(t.Context(), task.Request{Pool: "closed", Data: data})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
	return ids
}

// countTasks returns the number of listed tasks and the bytes of their data.
func countTasks(ctx context.Context, c *client.Client, f task.Filter) (n int64, err error) {
	for got, err := range c.Tasks(ctx, f) {
		if err != nil {
			return n, err
		}
		n += 1 + int64(len(got.Data))
	}
	return n, nil
}

// countingWriter counts the bytes that are written.
type countingWriter int64

func (n *countingWriter) Write(b []byte) (int, error) {
	*n += countingWriter(len(b))
	return len(b), nil
}

// resetPeak sets the peak of the process's memory to its memory now, which it
// returns, in bytes.
func (p *testProcess) resetPeak() int64 {
	p.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		p.t.Fatal(err)
	}
	return p.peakMemory()
}

// peakMemory returns the peak of the resident memory of the process in bytes.
func (p *testProcess) peakMemory() int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return kib << 10
		}
	}
	p.t.Fatal("the process has no VmHWM")
	return 0
}
