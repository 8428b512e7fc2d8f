package initiator_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

var (
	chaosTime = flag.Duration("chaos", 3*time.Second, "duration of the chaos test")
	chaosSeed = flag.Uint64("chaos-seed", 0, "seed of the actions of the chaos test, though not of their times; 0 = random")
)

// chaosPools are the pools: for each on_initiator_exit there is one pool with fault
// proxies on its webhooks, and one pool whose tasks come by stream.
var chaosPools = []struct {
	name, argument, onExit string
	attempts               int
}{
	{"stop-webhook", "", "stop", 4},
	{"stop-stream", "-direct", "stop", 1},
	{"keep-webhook", "", "keep", 2},
	{"keep-stream", "-direct", "keep", 3},
}

// chaosINI has the workers of the chaos test. The logs of some are in logs, the
// logs of the others in the state directory.
func chaosINI(journals, logs string) string {
	ini := `
[DEFAULT]
heartbeat_span      = 200ms
heartbeat_tolerance = 2s
restart_delay       = 10ms
restart_delay_max   = 100ms
restart_limit       = 100000/1s
retry_delay         = 10ms
retry_delay_max     = 100ms
drain               = 5s
slots               = 2
`
	for i, p := range chaosPools {
		ini += fmt.Sprintf(`
[worker:%s]
command           = ${initiator:self} misbehave %s --guid {guid} --port {port} %s
on_initiator_exit = %s
replicas          = 2
attempts          = %d
`, p.name, journals, p.argument, p.onExit, p.attempts)
		if i%3 != 0 {
			ini += logKeys(logs)
		}
	}
	return ini
}

// chaos is one run: an initiator and workers that are killed, and clients that
// record the answers that they get.
type chaos struct {
	*restartHarness
	journals                   string     // the directory of the tries that workers began
	rand                       *rand.Rand // of the injected faults
	seed                       uint64
	began                      time.Time
	kills, deaths, suspensions int
	keeperKills, freezes       int
	restarts                   int
	disks                      []*chaosDisk
	reported                   *exec.Cmd // the initiator that has said that it is ready

	group  sync.WaitGroup // clients, and suspensions of workers
	noting sync.Mutex
	noted  []porcupine.Operation
	acked  map[string]record // by key, as it was first acknowledged
	newest int               // the number of the newest key
}

// Whatever is killed, delayed, doubled or dropped, each task that was acknowledged
// ends once, with a result of its last attempt.
func TestChaos(t *testing.T) {
	t.Parallel()
	c := newChaos(t, chaosINI)
	c.startReady()
	c.reported = c.cmd
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for n := range uint64(4) {
		c.group.Go(func() { c.runClient(ctx, rand.New(rand.NewPCG(c.seed, 1+n))) })
	}
	c.inject(ctx, c.injectFaults)
	stop()
	c.group.Wait()
	c.healDisks()
	c.checkAll()
	c.stopProgram()
	if _, err := os.Stat(filepath.Join(c.state, "keeper.sock")); err == nil {
		t.Error("the keeper's socket is left")
	}
	t.Logf("killed %d initiators, %d keepers and %d workers, suspended %d workers, froze everything %d times", c.kills, c.keeperKills, c.deaths, c.suspensions, c.freezes)
}

// newChaos makes a run whose workers keep journals.
func newChaos(t *testing.T, ini func(journals, logs string) string) *chaos {
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-chaos-seed %d", seed)
	journals, logs := t.TempDir(), filepath.Join(t.TempDir(), "logs")
	c := &chaos{
		restartHarness: newRestartHarness(t, ini(journals, logs)), journals: journals, rand: rand.New(rand.NewPCG(seed, 0)), seed: seed,
		began: time.Now(), acked: map[string]record{},
	}
	if *chaosDisks {
		c.mountDisks(logs)
	}
	return c
}

// inject calls a function that makes faults, and ends its context after the time of
// the run. The time begins when the first tasks are acknowledged, which can take
// seconds on a machine that does much else.
func (c *chaos) inject(ctx context.Context, faults func(context.Context)) {
	c.t.Helper()
	await(c.t, "the first acknowledged tasks", func() bool {
		c.noting.Lock()
		defer c.noting.Unlock()
		return len(c.acked) >= 8
	})
	ctx, stop := context.WithTimeout(ctx, *chaosTime)
	defer stop()
	faults(ctx)
}

// injectFaults kills and suspends until ctx is done. The initiator is killed early,
// so that a short test does it too.
func (c *chaos) injectFaults(ctx context.Context) {
	for n := 0; pause(ctx, time.Duration(50+c.rand.IntN(300))*time.Millisecond); n++ {
		switch what := c.rand.IntN(12); {
		case n == 2 || what < 1:
			c.killPrograms(ctx)
		case n == 5 || n == 6 || what >= 10:
			c.faultDisk(ctx)
		case n == 4 || what < 2:
			c.freezeAll(ctx, c.pickLength())
		case what < 6:
			c.killWorker(ctx)
		default:
			c.suspendWorker(ctx)
		}
	}
}

// longestFault bounds how long everything is frozen, and how long a disk hangs or
// is full.
const longestFault = 6 * time.Second

// pickLength returns how long a fault lasts.
func (c *chaos) pickLength() time.Duration {
	return time.Duration(c.rand.Int64N(int64(min(*chaosTime/10, longestFault))))
}

// pause reports false when ctx is done first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// pickWorker returns the process of a random worker.
func (c *chaos) pickWorker(ctx context.Context) (pid int, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	of := c.newClient()
	defer of.Close()
	list, err := of.Workers(ctx)
	if err != nil || len(list) == 0 {
		return 0, false
	}
	pid = list[c.rand.IntN(len(list))].PID
	return pid, c.isOurProcess(pid)
}

// isOurProcess reports whether a pid is still a process of this test.
func (c *chaos) isOurProcess(pid int) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && pid > 1 && bytes.Contains(env, []byte(c.mark))
}

func (c *chaos) killWorker(ctx context.Context) {
	if pid, ok := c.pickWorker(ctx); ok && syscall.Kill(pid, syscall.SIGKILL) == nil {
		c.deaths++
	}
}

// suspendWorker suspends a worker, for less or more than heartbeat_tolerance.
func (c *chaos) suspendWorker(ctx context.Context) {
	pid, ok := c.pickWorker(ctx)
	if !ok || syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return
	}
	c.suspensions++
	long := time.Duration(c.rand.IntN(3000)) * time.Millisecond
	c.group.Go(func() {
		pause(ctx, long)
		if c.isOurProcess(pid) {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
}
