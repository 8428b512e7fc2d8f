package supervise

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// tiny builds testdata/worker.c once.
var tiny = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tiny")
	if err != nil {
		return "", err
	}
	path := dir + "/worker"
	out, err := exec.Command("cc", "-O2", "-static", "-o", path, "testdata/worker.c").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the tiny worker: %w: %s", err, out)
	}
	return path, err
})

func tinyPath(b *testing.B) string {
	b.Helper()
	path, err := tiny()
	if err != nil {
		b.Skip(err)
	}
	return path
}

// quietLogs gives each worker a log file, as by default.
func quietLogs(b *testing.B) func(*plan.Spec) {
	dir := b.TempDir()
	return func(sp *plan.Spec) {
		sp.Stdout, sp.Stderr, sp.RedirectStderr = plan.Log{Path: dir + "/{guid}.out"}, plan.Log{Path: dir + "/{guid}.err"}, false
	}
}

// benchSpecs are the two kinds of workers that are measured: a plain program,
// and a worker that proves its token.
func benchSpecs(b *testing.B) map[string]plan.Spec {
	path := tinyPath(b)
	return map[string]plan.Spec{
		"plain":   spec("w", "", plain, quietLogs(b), func(sp *plan.Spec) { sp.Command = []string{path, "pause"} }),
		"webhook": spec("w", "", quietLogs(b), func(sp *plan.Spec) { sp.Command = []string{path} }),
	}
}

// BenchmarkStart measures the time until N workers are RUNNING, logged and
// ready, beginning without a keeper. In the same rounds it measures the lower
// bound: as many processes of the same program started by os/exec in a loop,
// without pipes.
func BenchmarkStart(b *testing.B) {
	specs := benchSpecs(b)
	for _, kind := range []string{"plain", "webhook"} {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				var ours, bare []time.Duration
				for b.Loop() {
					bare = append(bare, bareStart(b, n))
					ours = append(ours, benchStart(b, n, specs[kind]))
				}
				reportMedians(b, ours, bare)
			})
		}
	}
}

func bareStart(b *testing.B, n int) time.Duration {
	b.StopTimer()
	defer b.StartTimer()
	path, cmds, began := tinyPath(b), make([]*exec.Cmd, n), time.Now()
	for i := range cmds {
		cmds[i] = exec.Command(path, "pause")
		if err := cmds[i].Start(); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(began)
	for _, cmd := range cmds {
		_ = cmd.Process.Kill()
	}
	for _, cmd := range cmds {
		_ = cmd.Wait()
	}
	return took
}

func benchStart(b *testing.B, n int, sp plan.Spec) time.Duration {
	b.StopTimer()
	sp.Replicas = n
	c := &counter{want: n, done: make(chan struct{})}
	p := planOf(sp)
	b.StartTimer()
	began := time.Now()
	s := open(b, p, quiet, allPorts, func(o *Options) { o.OnTransition = c.notify })
	<-c.done
	took := time.Since(began)
	b.StopTimer()
	s.KillAll()
	s.close()
	b.StartTimer()
	return took
}

// reportMedians gives medians, and the ratio to the lower bound.
func reportMedians(b *testing.B, ours, bare []time.Duration) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	slices.Sort(ours)
	slices.Sort(bare)
	o, l := ours[len(ours)/2], bare[len(bare)/2]
	b.ReportMetric(ms(o), "ms")
	b.ReportMetric(ms(l), "bare-ms")
	b.ReportMetric(float64(o)/float64(l), "×bare")
}

// BenchmarkRestart measures the time from SIGKILL of a worker to the transition
// of its successor, alone and among other workers, and the same with os/exec
// alone.
func BenchmarkRestart(b *testing.B) {
	for _, kind := range []string{"plain", "webhook"} {
		for _, others := range []int{0, 999} {
			b.Run(fmt.Sprintf("%s/among-%d", kind, others), func(b *testing.B) { benchRestart(b, kind, others) })
		}
	}
}

func benchRestart(b *testing.B, kind string, others int) {
	sp := benchSpecs(b)[kind]
	sp.Replicas, sp.Restart.Delay, sp.Restart.Limit = others+1, 0, 0
	ready := make(chan report.Event, others+1)
	s := open(b, planOf(sp), quiet, allPorts, func(o *Options) {
		o.OnTransition = func(tr report.Event) {
			if tr.Ready && tr.To == report.Running {
				ready <- tr
			}
		}
	})
	var tr report.Event
	for range others + 1 {
		tr = <-ready
	}
	var ours, bare []time.Duration
	for b.Loop() {
		b.StopTimer()
		bare = append(bare, bareRestart(b))
		b.StartTimer()
		began := time.Now()
		if err := syscall.Kill(tr.PID, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		tr = <-ready
		ours = append(ours, time.Since(began))
	}
	b.StopTimer()
	slices.Sort(ours)
	slices.Sort(bare)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(ours[len(ours)*p/100].Microseconds()), fmt.Sprintf("p%d-µs", p))
		b.ReportMetric(float64(bare[len(bare)*p/100].Microseconds()), fmt.Sprintf("bare-p%d-µs", p))
	}
	s.KillAll()
	s.close()
}

// bareRestart kills, waits and starts with os/exec.
func bareRestart(b *testing.B) time.Duration {
	path := tinyPath(b)
	first := exec.Command(path, "pause")
	if err := first.Start(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	_ = first.Process.Kill()
	_ = first.Wait()
	second := exec.Command(path, "pause")
	if err := second.Start(); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	_ = second.Process.Kill()
	_ = second.Wait()
	return took
}

// BenchmarkIdle measures what a thousand idle workers cost: resident memory of
// the initiator (this test binary) and of the keeper, and their CPU time.
func BenchmarkIdle(b *testing.B) {
	for _, kind := range []string{"plain", "webhook"} {
		b.Run(kind, func(b *testing.B) {
			sp := benchSpecs(b)[kind]
			sp.Replicas = 1000
			c := &counter{want: 1000, done: make(chan struct{})}
			s := open(b, planOf(sp), quiet, allPorts, func(o *Options) { o.OnTransition = c.notify })
			<-c.done
			began := cpuTime(b) + timesOf(b, s.keeper.PID())
			for b.Loop() {
				time.Sleep(5 * time.Second) //nolint:forbidigo // the memory after some idle time
			}
			used := cpuTime(b) + timesOf(b, s.keeper.PID()) - began
			debug.FreeOSMemory() // as the runtime does by itself after some minutes
			total := 0.0
			for name, pid := range map[string]int{"initiator": os.Getpid(), "keeper": s.keeper.PID()} {
				pss := procNumber(b, pid, "smaps_rollup", "Pss")
				total += pss
				b.ReportMetric(procNumber(b, pid, "status", "VmRSS")/1024, name+"-MB-rss")
				b.ReportMetric(pss/1024, name+"-MB-pss")
				b.ReportMetric(procNumber(b, pid, "status", "Threads"), name+"-threads")
			}
			b.ReportMetric(total/1024, "MB-pss")
			b.ReportMetric(float64(used.Milliseconds())/float64(b.Elapsed().Seconds()), "ms-cpu/s")
			s.KillAll()
			s.close()
		})
	}
}

// timesOf returns the CPU time of another process.
func timesOf(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if err != nil || len(f) < 13 {
		b.Fatal(err, f)
	}
	user, _ := strconv.Atoi(string(f[11]))
	system, _ := strconv.Atoi(string(f[12]))
	return time.Duration(user+system) * 10 * time.Millisecond // a tick is a hundredth of a second
}

// procNumber reads a number from a file of /proc/PID: kilobytes, or a count.
func procNumber(b *testing.B, pid int, file, field string) float64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file)
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if f := strings.Fields(string(line)); len(f) > 1 && f[0] == field+":" {
			n, _ := strconv.ParseFloat(f[1], 64)
			return n
		}
	}
	b.Fatalf("no %s of %d", field, pid)
	return 0
}

func (c *counter) notify(tr report.Event) {
	if tr.Ready && tr.To == report.Running {
		if c.want--; c.want == 0 {
			close(c.done)
		}
	}
}
