package initiator_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// killsFlag is how often the tests below kill the initiator: less often with the race
// detector, with which each start takes several times as long.
var killsFlag = flag.Int("kills", usualKills(), "how often the initiator is killed, and upgraded")

func usualKills() int {
	if testlength.RaceDetector {
		return 3
	}
	return 6
}

// keptWorkersINI has workers that survive: two with tasks, and a worker that writes
// numbered lines and stores in a file which lines it has written.
func keptWorkersINI(dir, keep string) string {
	return fmt.Sprintf(`
[DEFAULT]
on_initiator_exit = %s

[worker:adder]
command  = ${initiator:self} job sum
replicas = 2
slots    = 2

[worker:writer]
command  = sh -c 'n=0; while :; do n=$$((n+1)); echo "line $$n"; echo $$n >> %s; sleep 0.05; done'
contract = off
stdout_logfile_maxbytes = 0
`, keep, acknowledgedPath(dir))
}

func acknowledgedPath(dir string) string { return filepath.Join(dir, "acknowledged") }

// load submits tasks and connects to a worker until it is stopped. Requests may fail
// while no initiator runs; a connect must never fail.
type load struct {
	sums, connects atomic.Int64
	failed         atomic.Int64 // requests to the API
	last           atomic.Value // of them, as a string
	refused        chan error
	stop           context.CancelFunc
	group          sync.WaitGroup
}

func (d *restartHarness) startLoad(addr string) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop, refused: make(chan error, 1)}
	l.group.Go(func() {
		c := d.newClient()
		defer c.Close()
		for ctx.Err() == nil {
			got, err := c.Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":2}`)})
			if err == nil {
				got, err = c.Wait(ctx, got.ID)
			}
			if err == nil && string(got.Result) == `{"sum":3}` {
				l.sums.Add(1)
			} else if ctx.Err() == nil {
				l.failed.Add(1)
				l.last.Store(fmt.Sprint(got.State, got.Reason, err))
				select {
				case <-time.After(5 * time.Millisecond): // a busy loop would leave the machine no time to answer
				case <-ctx.Done():
				}
			}
		}
	})
	l.group.Go(func() {
		tick := time.NewTicker(time.Millisecond) // a gap between two programs is longer
		defer tick.Stop()
		for ctx.Err() == nil {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				l.refused <- err
				return
			}
			conn.Close()
			l.connects.Add(1)
			<-tick.C
		}
	})
	return l
}

func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.group.Wait()
	select {
	case err := <-l.refused:
		t.Errorf("a connect failed after %d: %v", l.connects.Load(), err)
	default:
	}
	t.Logf("%d sums, %d requests failed (%v), %d connects", l.sums.Load(), l.failed.Load(), l.last.Load(), l.connects.Load())
}

// expectTasksCompleted waits until every accepted task has ended, and checks that
// each was completed.
func (d *restartHarness) expectTasksCompleted() {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	list, err := c.List(d.t.Context(), task.Filter{Pool: "adder", Limit: 10_000})
	if err != nil {
		d.t.Fatal(err)
	}
	tries := 0
	for _, one := range list {
		got, err := c.Wait(d.t.Context(), one.ID)
		if err != nil || got.State != task.Completed || string(got.Result) != `{"sum":3}` {
			d.t.Errorf("task %+v, %v", got, err)
		}
		tries += len(got.History)
	}
	d.t.Logf("%d tasks were accepted and completed, in %d tries", len(list), tries)
}

// expectAllLines checks that the log has every acknowledged line, once and in order.
func expectAllLines(t *testing.T, acknowledged, log string) {
	t.Helper()
	noted, err := os.ReadFile(acknowledged)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(noted[:strings.LastIndexByte(string(noted), '\n')])
	last, err := strconv.Atoi(whole[strings.LastIndexByte(whole, '\n')+1:])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if !strings.HasSuffix(strings.TrimSuffix(line, "\n"), " line "+strconv.Itoa(n)) {
			t.Fatalf("line %d of the log is %q", n, line)
		}
	}
	if n < last {
		t.Errorf("the log has %d lines, and %d were acknowledged", n, last)
	}
	t.Logf("%d lines, none missing", n)
}

func writerLog(t *testing.T, state, guid string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(state, "logs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if strings.Contains(path, "writer") && !strings.Contains(path, "stderr") {
			return path
		}
	}
	t.Fatalf("no log of writer %s in %v", guid, found)
	return ""
}

// The initiator is killed at random moments, also while it takes over from the one
// before it. The workers, their output and the tasks are as they were.
func TestKilledAndKept(t *testing.T) {
	dir := t.TempDir()
	d := newRestartHarness(t, keptWorkersINI(dir, "keep"))
	d.startReady()
	before := d.listWorkers()
	l := d.startLoad(workerNamed(t, before, "adder").Addr)
	checked := 0
	for range *killsFlag {
		select {
		case <-time.After(time.Duration(rand.IntN(300)) * time.Millisecond):
		case <-d.ready:
			<-time.After(time.Duration(rand.IntN(200)) * time.Millisecond)
			d.expectSameWorkers(before)
			checked++
		}
		d.killProgram()
		for _, w := range before {
			if !isAlive(w.PID) {
				t.Fatalf("%s (%d) is dead", w.Name, w.PID)
			}
		}
		d.startProgram()
	}
	d.waitReady()
	d.expectSameWorkers(before)
	l.end(t)
	d.expectTasksCompleted()
	writer := workerNamed(t, before, "writer")
	d.stopProgram()
	expectAllLines(t, acknowledgedPath(dir), writerLog(t, d.state, writer.GUID))
	t.Logf("killed %d times, %d of them when all was ready", *killsFlag, checked)
}

// Without on_initiator_exit = keep no process is left after each kill.
func TestKilledAndStopped(t *testing.T) {
	d := newRestartHarness(t, keptWorkersINI(t.TempDir(), "stop"))
	for range *killsFlag {
		d.startProgram()
		select {
		case <-time.After(time.Duration(rand.IntN(400)) * time.Millisecond):
		case <-d.ready:
		}
		d.killProgram()
		waitNoProcess(t, d.mark)
	}
	// An initiator that is killed before it gives the socket to its keeper leaves
	// the file. The next start replaces it, and the keeper of an initiator that was
	// ready removes it.
	d.startReady()
	d.killProgram()
	waitNoProcess(t, d.mark)
	if _, err := os.Stat(filepath.Join(d.state, "keeper.sock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the keeper's socket is left: %v", err)
	}
}
