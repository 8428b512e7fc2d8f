//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/stream/streamtest"
)

// asProgram is the variable that makes the test binary another program: a running
// initiator, or a bare relay or echo to compare it with.
const asProgram = "CLIENT_TEST_PROGRAM"

func runProgram(name, at string) error {
	switch name {
	case "up":
		in, err := initiator.New(initiator.Config{Path: at})
		if err != nil {
			return err
		}
		ctx, stop := context.WithCancel(context.Background())
		go func() { // until the benchmark closes stdin
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
		return in.Run(ctx)
	case "answers": // every request, with an empty list
		l, err := net.Listen("unix", at)
		if err != nil {
			return err
		}
		fmt.Println("listening")
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	case "echo":
		l, err := net.Listen("unix", at)
		if err != nil {
			return err
		}
		from, err := l.Accept()
		if err != nil {
			return err
		}
		streamtest.Relay(from, from)
	case "relay":
		to, err := net.Dial("unix", at)
		if err != nil {
			return err
		}
		l, err := net.Listen("unix", at+".relay")
		if err != nil {
			return err
		}
		from, err := l.Accept()
		if err != nil {
			return err
		}
		go streamtest.Relay(from, to)
		streamtest.Relay(to, from)
	}
	return nil
}

// startProgram starts the test binary as another program and waits until its socket
// exists.
func startProgram(b *testing.B, name, at, socket string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"="+name, asProgram+"_AT="+at)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if name != "up" {
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
	})
	for tries := 0; ; tries++ {
		if _, err := os.Stat(socket); err == nil {
			return
		}
		if tries == 500 {
			b.Fatalf("%s does not answer", name)
		}
		<-time.After(10 * time.Millisecond)
	}
}

var benchData = json.RawMessage(`{"a":2,"b":3}`)

// BenchmarkStream measures a closed loop of small tasks from this process through a
// running initiator to a worker, and frames that a bare relay passes to a bare echo.
// Both have three processes and unix sockets. Rounds alternate, and the medians are
// reported; run it with -benchtime 1x.
func BenchmarkStream(b *testing.B) {
	const rounds, span = 7, 300 * time.Millisecond
	limit := openRelay(b)
	for _, sync := range []string{"off", "always"} {
		ours := openInitiator(b, sync)
		for _, n := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", sync, n), func(b *testing.B) {
				var got, most []float64
				for range rounds {
					most = append(most, measureRate(b, n, span, limit))
					got = append(got, measureRate(b, n, span, ours))
				}
				slices.Sort(got)
				slices.Sort(most)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(most[rounds/2], "relay/s")
				b.ReportMetric(got[rounds/2], "tasks/s")
				b.ReportMetric(got[rounds/2]/most[rounds/2], "of-relay")
			})
		}
	}
}

// measureRate returns how many calls n callers finish in a second.
func measureRate(b *testing.B, n int, span time.Duration, once func() error) float64 {
	var callers sync.WaitGroup
	var done atomic.Int64
	began := time.Now()
	for range n {
		callers.Go(func() {
			for time.Since(began) < span {
				if err := once(); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	callers.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

func openInitiator(b *testing.B, sync string) func() error {
	dir := b.TempDir()
	at := filepath.Join(dir, "bench.ini")
	text := "[initiator]\nsync = " + sync + "\n[worker:echo]\ncommand = ${initiator:self} job echo\nslots = 256\nretention = tasks:1000\n"
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	socket := filepath.Join(dir, ".initiator", "initiator.sock")
	startProgram(b, "up", at, socket)
	c := client.New(socket)
	b.Cleanup(c.Close)
	once := func() error {
		got, err := c.Call(context.Background(), task.Request{Pool: "echo", Data: benchData})
		if err == nil && got.State != task.Completed {
			err = fmt.Errorf("%s: %s", got.State, got.Reason)
		}
		return err
	}
	if err := once(); err != nil { // returns when the worker is ready
		b.Fatal(err)
	}
	return once
}

// openRelay returns a call through the relay: the upper limit for the initiator.
func openRelay(b *testing.B) func() error {
	at := filepath.Join(b.TempDir(), "s")
	startProgram(b, "echo", at, at)
	startProgram(b, "relay", at, at+".relay")
	nc, err := net.Dial("unix", at+".relay")
	if err != nil {
		b.Fatal(err)
	}
	return streamtest.NewCaller(b, nc, benchData)
}
