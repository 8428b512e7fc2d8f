package initiator_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"initiator/initiator/initiatortest"
)

var (
	chaosTime = flag.Duration("chaos", 5*time.Second, "how long the chaos test goes on")
	chaosSeed = flag.Uint64("chaos-seed", 0, "what the chaos test does, though not when; 0 = any")
)

// pits are the pools: of each fate there is one with gremlins on its webhooks
// and one whose tasks come by stream.
var pits = []struct {
	name, argument, fate string
	attempts             int
}{
	{"stop-webhook", "", "stop", 4},
	{"stop-stream", "-direct", "stop", 1},
	{"keep-webhook", "", "keep", 2},
	{"keep-stream", "-direct", "keep", 3},
}

// underworld is an INI of workers that misbehave.
func underworld(journals string) string {
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
	for _, p := range pits {
		ini += fmt.Sprintf(`
[worker:%s]
command           = ${initiator:self} misbehave %s --guid {guid} --port {port} %s
on_initiator_exit = %s
replicas          = 2
attempts          = %d
`, p.name, journals, p.argument, p.fate, p.attempts)
	}
	return ini
}

// chaos is one run: an initiator that is killed, workers that are, and clients
// that note what they are told.
type chaos struct {
	*dynasty
	rand                     *rand.Rand // of the one who kills
	seed                     uint64
	began                    time.Time
	kills, deaths, standings int

	group  sync.WaitGroup // clients, and pauses of workers
	noting sync.Mutex
	noted  []porcupine.Operation
	acked  map[string]record // by key, as it was first acknowledged
	newest int               // the number of the newest key
}

// TestChaos: whatever is killed, delayed, doubled or dropped, each task that
// was acknowledged ends once, with a result of its last attempt.
func TestChaos(t *testing.T) {
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-chaos-seed %d", seed)
	journals := t.TempDir()
	c := &chaos{
		dynasty: newDynasty(t, underworld(journals)), rand: rand.New(rand.NewPCG(seed, 0)), seed: seed,
		began: time.Now(), acked: map[string]record{},
	}
	c.up()
	ctx, calm := context.WithTimeout(t.Context(), *chaosTime)
	defer calm()
	for n := range uint64(4) {
		c.group.Go(func() { c.speak(ctx, rand.New(rand.NewPCG(seed, 1+n))) })
	}
	c.rage(ctx)
	c.group.Wait()
	c.count(journals)
	c.end()
	if _, err := os.Stat(filepath.Join(c.state, "keeper.sock")); err == nil {
		t.Error("the keeper's socket is left")
	}
	t.Logf("killed %d initiators and %d workers, stopped %d for a while", c.kills, c.deaths, c.standings)
}

// rage kills and stops until ctx is done. The initiator goes early, so that it
// does also when the time is short.
func (c *chaos) rage(ctx context.Context) {
	for n := 0; pause(ctx, time.Duration(50+c.rand.IntN(300))*time.Millisecond); n++ {
		switch what := c.rand.IntN(10); {
		case n == 2 || what < 1:
			c.usurp(ctx)
		case what < 6:
			c.slay(ctx)
		default:
			c.stun(ctx)
		}
	}
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

// usurp kills the initiator and starts another one, now and then to kill that
// one before it has begun.
func (c *chaos) usurp(ctx context.Context) {
	for again := true; again && ctx.Err() == nil; again = c.rand.IntN(3) == 0 {
		c.kill()
		c.kills++
		c.start()
		pause(ctx, time.Duration(c.rand.IntN(200))*time.Millisecond)
	}
	select { // time to do something
	case <-c.ready:
	case <-time.After(initiatortest.Patience):
		c.t.Errorf("it does not come up; -chaos-seed %d", c.seed)
	}
}

// victim is the process of any worker.
func (c *chaos) victim(ctx context.Context) (pid int, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	of := c.client()
	defer of.Close()
	list, err := of.Workers(ctx)
	if err != nil || len(list) == 0 {
		return 0, false
	}
	pid = list[c.rand.IntN(len(list))].PID
	return pid, c.ours(pid)
}

// ours says whether a pid is still that of a process of this test.
func (c *chaos) ours(pid int) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && pid > 1 && bytes.Contains(env, []byte(c.mark))
}

func (c *chaos) slay(ctx context.Context) {
	if pid, ok := c.victim(ctx); ok && syscall.Kill(pid, syscall.SIGKILL) == nil {
		c.deaths++
	}
}

// stun stops a worker, for less or more than the tolerance.
func (c *chaos) stun(ctx context.Context) {
	pid, ok := c.victim(ctx)
	if !ok || syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return
	}
	c.standings++
	long := time.Duration(c.rand.IntN(3000)) * time.Millisecond
	c.group.Go(func() {
		pause(ctx, long)
		if c.ours(pid) {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
}
