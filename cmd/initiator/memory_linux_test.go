package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/testlength"
)

// memoryINI has a pool whose tasks wait, and two workers with long logs in the
// directory %[1]s.
const memoryINI = `[initiator]
sync = off

[worker:echoer]
command = ${initiator:self} job echo

[worker:closed]
command        = ${initiator:self} job echo
autostart      = false
stdout_logfile = %[1]s/out.log
stderr_logfile = %[1]s/err.log

[worker:other]
command        = sleep 3600
contract       = off
autostart      = false
stdout_logfile = %[1]s/other.log
`

// answerMemory is how much more memory an answer may cost the initiator, in bytes;
// answerMemoryRacing is the same with the race detector, which takes several times the memory.
const (
	answerMemory       = 12 << 20
	answerMemoryRacing = 32 << 20
)

// TestAnswersTakeLittleMemory measures the memory of an initiator while it answers
// with lists, tasks and logs that are much longer.
func TestAnswersTakeLittleMemory(t *testing.T) {
	const length = 8 << 20
	tasks, most := testlength.Count(2, 16), int64(answerMemory)
	if testlength.RaceDetector {
		tasks, most = max(tasks, 5), answerMemoryRacing
	}
	lines := testlength.Count(20_000, 1_500_000)
	logs := t.TempDir()
	for _, name := range []string{"out.log", "err.log", "other.log"} {
		writeLog(t, filepath.Join(logs, name), lines)
	}
	dir := newTestDirectory(t, fmt.Sprintf(memoryINI, logs))
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
		{"a tail of both logs", func() (int64, error) {
			return countLog(ctx, c, "closed", report.LogQuery{Stream: "both", Tail: 2 * lines})
		}, int64(2 * lines * logLineLength)},
		{"both logs", func() (int64, error) { return countLog(ctx, c, "closed", report.LogQuery{Stream: "both"}) }, int64(2 * lines * logLineLength)},
		{"both logs as JSON", func() (int64, error) { return countLogLines(ctx, c, "closed", report.LogQuery{Stream: "both"}) }, int64(2 * lines)},
		{"the logs of all workers", func() (int64, error) {
			return countLog(ctx, c, "all", report.LogQuery{Stream: "both", Tail: 3 * lines})
		}, int64(3 * lines * logLineLength)},
		{"supervisorctl tail", func() (int64, error) {
			return countLog(ctx, c, "closed", report.LogQuery{Tail: 16 << 20, Current: true})
		}, int64(lines * logLineLength)},
	} {
		before := up.resetPeak()
		n, err := a.ask()
		if err != nil || n < a.want {
			t.Errorf("%s: %d, want %d: %v", a.what, n, a.want, err)
		}
		if more := up.peakMemory() - before; more > most {
			t.Errorf("%s: the initiator took %d MiB more, and may take %d", a.what, more>>20, most>>20)
		} else {
			t.Logf("%s: %d KiB more", a.what, more>>10)
		}
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// TestBodiesOfOneClientTakeLittleMemory measures the memory of an initiator while one
// client sends many large tasks at the same time.
func TestBodiesOfOneClientTakeLittleMemory(t *testing.T) {
	const length = bounds.PeerBodies/2 + 1 // one body at a time
	most := int64(12 * length)             // while it is decoded and stored, and until its garbage is collected
	tasks := testlength.Count(2, 32)
	if testlength.RaceDetector {
		most *= 3
		tasks = 2 // a body waits for at most a minute
	}
	up := startProcess(t, newTestDirectory(t, fmt.Sprintf(memoryINI, t.TempDir())), "up")
	up.awaitOutput("all workers are ready")
	// The client of Go would need as much time as the initiator.
	web := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(up.dir, ".initiator", "initiator.sock"))
		},
	}}
	defer web.CloseIdleConnections()
	body := `{"pool":"closed","data":"` + strings.Repeat("x", length) + `"}`
	before := up.resetPeak()
	var senders sync.WaitGroup
	for range tasks {
		senders.Go(func() {
			res, err := web.Post("http://initiator/api/v1/tasks", "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode/100 != 2 {
				t.Errorf("the answer has status %s and %d bytes, %v", res.Status, n, err)
			}
		})
	}
	senders.Wait()
	if more := up.peakMemory() - before; more > most {
		t.Errorf("the initiator took %d MiB more, and may take %d", more>>20, most>>20)
	} else {
		t.Logf("%d KiB more", more>>10)
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

// logLineLength is the length of a line of writeLog, in bytes.
const logLineLength = len("2030-01-01T00:00:00.000000Z this is <the> line 000000000\n")

// writeLog writes a log with that many lines.
func writeLog(t *testing.T, path string, lines int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		at = at.Add(time.Millisecond)
		fmt.Fprintf(out, "%s this is <the> line %09d\n", at.Format("2006-01-02T15:04:05.000000Z07:00"), i)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}

// countLog returns the length of a log as text, in bytes.
func countLog(ctx context.Context, c *client.Client, name string, q report.LogQuery) (int64, error) {
	text, err := c.LogText(ctx, q, name)
	if err != nil {
		return 0, err
	}
	defer text.Close()
	return io.Copy(io.Discard, text)
}

// countLogLines returns the number of lines of a log in JSON.
func countLogLines(ctx context.Context, c *client.Client, name string, q report.LogQuery) (n int64, err error) {
	for _, err := range c.Logs(ctx, q, name) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
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
