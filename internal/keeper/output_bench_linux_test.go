package keeper

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func init() {
	acts["write-lines"] = actWriteLines
}

// benchBytes is what the process of one round of BenchmarkOutput writes.
const benchBytes = 48 << 20

// actWriteLines writes benchBytes in lines of args[0] bytes, 60 KB at once.
func actWriteLines(args []string) {
	var length int
	_, _ = fmt.Sscan(args[0], &length)
	line := strings.Repeat("x", length-1) + "\n"
	text := strings.Repeat(line, max(1, 60_000/length))
	for left := benchBytes; left > 0; left -= len(text) {
		_, _ = os.Stdout.WriteString(text)
	}
}

// BenchmarkOutput is how fast the output of one process reaches a log of its own,
// and the processor time that the keeper takes for it. The limit is cat, which
// copies a pipe to a file. The rounds of both come by turns.
func BenchmarkOutput(b *testing.B) {
	for _, length := range []int{100, 50_000, 5_000_000} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			dir := b.TempDir()
			h := newTestKeeper(b)
			var times, limits [2]time.Duration // by the clock, and of the processor
			n := 0
			for b.Loop() {
				n++
				s := orderAct(fmt.Sprint("w", n), "write-lines", fmt.Sprint(length))
				s.Stdout = Log{Path: filepath.Join(dir, "log"), Timestamps: true}
				addTo(&times, func() time.Duration {
					before := processorTime(b, h.PID())
					if err := h.Spawn(s); err != nil {
						b.Fatal(err)
					}
					h.awaitKind(s.GUID, KindExited)
					return processorTime(b, h.PID()) - before
				})
				h.seen = nil
				_ = os.Remove(s.Stdout.Path)
				addTo(&limits, func() time.Duration { return catLines(b, filepath.Join(dir, "cat"), length) })
			}
			megabytes := float64(b.N) * benchBytes / 1e6
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(megabytes/times[0].Seconds(), "MB/s")
			b.ReportMetric(megabytes/limits[0].Seconds(), "MB/s-cat")
			b.ReportMetric(float64(times[1].Microseconds())/megabytes, "µs-CPU/MB")
			b.ReportMetric(float64(limits[1].Microseconds())/megabytes, "µs-CPU/MB-cat")
		})
	}
}

// addTo adds the time that do takes, and the processor time that it returns.
func addTo(sum *[2]time.Duration, do func() time.Duration) {
	began := time.Now()
	used := do()
	sum[0] += time.Since(began)
	sum[1] += used
}

// catLines writes the same lines through cat to a file, and returns the processor
// time of cat.
func catLines(b *testing.B, path string, length int) time.Duration {
	to, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	source, cat := exec.Command("/proc/self/exe", fmt.Sprint(length)), exec.Command("cat")
	source.Env = append(os.Environ(), actVariable+"=write-lines")
	cat.Stdout = to
	if cat.Stdin, err = source.StdoutPipe(); err != nil {
		b.Fatal(err)
	}
	for _, cmd := range []*exec.Cmd{source, cat} {
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
	}
	if err := cat.Wait(); err != nil {
		b.Fatal(err)
	}
	if err := source.Wait(); err != nil {
		b.Fatal(err)
	}
	return cat.ProcessState.UserTime() + cat.ProcessState.SystemTime()
}

// processorTime returns the time that all threads of a process have run.
func processorTime(b *testing.B, pid int) (sum time.Duration) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		b.Fatalf("no schedstat of process %d: %v", pid, err)
	}
	for _, name := range files {
		text, _ := os.ReadFile(name) // the thread may have ended
		var ran time.Duration
		_, _ = fmt.Sscan(string(text), &ran)
		sum += ran
	}
	return sum
}
