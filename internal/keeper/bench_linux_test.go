package keeper

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// tinyProgram writes a static program that only waits: its start costs what the
// kernel takes for a process, and hides nothing of the keeper's share.
func tinyProgram(b *testing.B) string {
	b.Helper()
	if runtime.GOARCH != "amd64" {
		path, err := exec.LookPath("sleep")
		if err != nil {
			b.Fatal(err)
		}
		return path
	}
	code := []byte{0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7} // pause(2), again and again
	const base, head = 0x400000, 64 + 56
	elf := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	for _, v := range []any{
		uint16(2), uint16(62), uint32(1), uint64(base + head), uint64(64), uint64(0), uint32(0),
		uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), uint64(head + len(code)), uint64(head + len(code)), uint64(4096),
	} {
		elf, _ = binary.Append(elf, binary.LittleEndian, v)
	}
	path := b.TempDir() + "/tiny"
	if err := os.WriteFile(path, append(elf, code...), 0o700); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchSpawn(guid, path string) SpawnOrder {
	s := orderCommand(guid, path, "1000")
	for i := range 20 { // as large as a usual environment
		s.Env = append(s.Env, fmt.Sprintf("SOME_VARIABLE_%d=/a/value/of/the/usual/length", i))
	}
	s.Stdin = []byte("[DEFAULT]\nlisten_addr = 127.0.0.1\n\n[worker]\ntoken = abcdefghijklmnopqrstuvwxyz\n")
	return s
}

// BenchmarkSpawn is the time until N processes run, of os/exec in a loop and of
// the keeper; launch counts the keeper's own start too.
func BenchmarkSpawn(b *testing.B) {
	path := tinyProgram(b)
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("bare/%d", n), func(b *testing.B) {
			for b.Loop() {
				stop := bareSpawn(b, path, n)
				b.StopTimer()
				stop()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/process")
		})
		b.Run(fmt.Sprintf("keeper/%d", n), func(b *testing.B) {
			h := newTestKeeper(b)
			h.awaitEvent("hello", func(e Event) bool { return e.Kind == KindHello })
			for b.Loop() {
				keeperSpawn(b, h.Keeper, path, n)
				b.StopTimer()
				keeperStop(b, h.Keeper, n)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/process")
		})
		b.Run(fmt.Sprintf("launch/%d", n), func(b *testing.B) {
			for b.Loop() {
				k, err := Launch(Options{})
				if err != nil {
					b.Fatal(err)
				}
				keeperSpawn(b, k, path, n)
				b.StopTimer()
				if err := k.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/process")
		})
	}
}

func bareSpawn(b *testing.B, path string, n int) (stop func()) {
	cmds := make([]*exec.Cmd, n)
	spawn := benchSpawn("w", path)
	for i := range cmds {
		cmds[i] = exec.Command(path, "1000")
		cmds[i].Env = spawn.Env
		if err := cmds[i].Start(); err != nil {
			b.Fatal(err)
		}
	}
	return func() {
		for _, cmd := range cmds {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
}

func keeperSpawn(b *testing.B, k *Keeper, path string, n int) {
	go func() {
		for i := range n {
			if err := k.Spawn(benchSpawn(fmt.Sprint("w", i), path)); err != nil {
				b.Error(err)
			}
		}
	}()
	awaitEvents(b, k, KindSpawned, n)
}

func keeperStop(b *testing.B, k *Keeper, n int) {
	go func() {
		for i := range n {
			if err := k.End(EndOrder{GUID: fmt.Sprint("w", i), Incarnation: 1}); err != nil {
				b.Error(err)
			}
		}
	}()
	awaitEvents(b, k, KindEmptied, n)
}

func awaitEvents(b *testing.B, k *Keeper, kind EventKind, n int) {
	for e := range k.Events() {
		switch e.Kind {
		case kind:
			if n--; n == 0 {
				return
			}
		case KindSpawnFailed, KindWarning, KindLost:
			b.Fatal(e.Error)
		}
	}
}

// BenchmarkStop is the time from the first End to the last KindEmptied.
func BenchmarkStop(b *testing.B) {
	path := tinyProgram(b)
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newTestKeeper(b)
			for b.Loop() {
				b.StopTimer()
				keeperSpawn(b, h.Keeper, path, n)
				b.StartTimer()
				keeperStop(b, h.Keeper, n)
			}
		})
	}
}

// BenchmarkRestart is the time from SIGKILL of a worker over KindExited and
// Spawn to KindSpawned, alone and among a thousand others.
func BenchmarkRestart(b *testing.B) {
	path := tinyProgram(b)
	for _, others := range []int{0, 999} {
		b.Run(fmt.Sprint("among/", others), func(b *testing.B) {
			h := newTestKeeper(b)
			if others > 0 {
				keeperSpawn(b, h.Keeper, path, others)
			}
			var times []time.Duration
			s := benchSpawn("again", path)
			pid := h.spawnWorker(s).PID
			for b.Loop() {
				start := time.Now()
				syscall.Kill(pid, syscall.SIGKILL)
				h.awaitKind("again", KindExited)
				s.Incarnation++
				if err := h.Spawn(s); err != nil {
					b.Fatal(err)
				}
				pid = h.awaitKind("again", KindSpawned).PID
				times = append(times, time.Since(start))
				h.seen = h.seen[:0]
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs-p50")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "µs-p99")
		})
	}
}

// BenchmarkMemory reports the memory of a keeper with a thousand idle workers
// that have two output pipes each.
func BenchmarkMemory(b *testing.B) {
	path := tinyProgram(b)
	h := newTestKeeper(b)
	keeperSpawn(b, h.Keeper, path, 1000)
	for b.Loop() {
		time.Sleep(3 * time.Second) //nolint:forbidigo // until the keeper has given memory back
	}
	b.ReportMetric(statusOf(h.PID(), "VmRSS"), "KB-rss")
	b.ReportMetric(statusOf(h.PID(), "RssAnon"), "KB-anonymous")
	b.ReportMetric(statusOf(h.PID(), "Threads"), "threads")
}
