package client_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/api/client"
	"initiator/initiator/task"
)

// asProgram makes the test binary another program: a running initiator, or one
// of the two bare ones beside it.
const asProgram = "CLIENT_TEST_PROGRAM"

func program(name, at string) error {
	switch name {
	case "up":
		in, err := initiator.New(initiator.Config{Path: at})
		if err != nil {
			return err
		}
		ctx, stop := context.WithCancel(context.Background())
		go func() { // until the benchmark lets go of our stdin
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
		return in.Run(ctx)
	case "echo":
		l, err := net.Listen("unix", at)
		if err != nil {
			return err
		}
		from, err := l.Accept()
		if err != nil {
			return err
		}
		frames(from, from)
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
		go frames(from, to)
		frames(to, from)
	}
	return nil
}

// frames sends on what comes, frame by frame, and flushes when nothing more is
// there to read.
func frames(to io.Writer, from io.Reader) {
	r, w := bufio.NewReaderSize(from, 64<<10), bufio.NewWriterSize(to, 64<<10)
	buf := make([]byte, 1<<10)
	for {
		if _, err := io.ReadFull(r, buf[:8]); err != nil {
			return
		}
		n := 8 + int(binary.BigEndian.Uint32(buf))
		if _, err := io.ReadFull(r, buf[8:n]); err != nil {
			return
		}
		_, _ = w.Write(buf[:n])
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// run starts the test binary as another program and waits until it answers.
func run(b *testing.B, name, at, socket string) {
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

// BenchmarkStream is a closed loop of small tasks from this process through a
// running initiator to a worker, beside frames that a bare relay sends on to a
// bare echo: three processes and Unix sockets, both. Rounds in turn and their
// medians; run it with -benchtime 1x.
func BenchmarkStream(b *testing.B) {
	const rounds, span = 7, 300 * time.Millisecond
	limit := throughRelay(b)
	for _, sync := range []string{"off", "always"} {
		ours := throughInitiator(b, sync)
		for _, n := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", sync, n), func(b *testing.B) {
				var got, most []float64
				for range rounds {
					most = append(most, perSecond(b, n, span, limit))
					got = append(got, perSecond(b, n, span, ours))
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

// perSecond is how many n callers do in a second.
func perSecond(b *testing.B, n int, span time.Duration, once func() error) float64 {
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

func throughInitiator(b *testing.B, sync string) func() error {
	dir := b.TempDir()
	at := filepath.Join(dir, "bench.ini")
	text := "[initiator]\nsync = " + sync + "\n[worker:echo]\ncommand = ${initiator:self} job echo\nslots = 256\nretention = tasks:1000\n"
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	socket := filepath.Join(dir, ".initiator", "initiator.sock")
	run(b, "up", at, socket)
	c := client.Unix(socket)
	b.Cleanup(c.Close)
	once := func() error {
		got, err := c.Call(context.Background(), task.Request{Pool: "echo", Data: benchData})
		if err == nil && got.State != task.Completed {
			err = fmt.Errorf("%s: %s", got.State, got.Reason)
		}
		return err
	}
	if err := once(); err != nil { // its worker is up
		b.Fatal(err)
	}
	return once
}

// throughRelay is the limit.
func throughRelay(b *testing.B) func() error {
	at := filepath.Join(b.TempDir(), "s")
	run(b, "echo", at, at)
	run(b, "relay", at, at+".relay")
	nc, err := net.Dial("unix", at+".relay")
	if err != nil {
		b.Fatal(err)
	}
	f := &framed{nc: nc, waits: map[uint32]chan struct{}{}, wake: make(chan struct{}, 1)}
	var both sync.WaitGroup
	both.Go(f.read)
	both.Go(f.write)
	b.Cleanup(func() {
		close(f.wake)
		nc.Close()
		both.Wait()
	})
	return f.once
}

// framed is the client of the relay.
type framed struct {
	nc    net.Conn
	next  atomic.Uint32
	mu    sync.Mutex
	out   []byte
	waits map[uint32]chan struct{}
	wake  chan struct{}
}

func (f *framed) once() error {
	n, done := f.next.Add(1), make(chan struct{})
	f.mu.Lock()
	f.waits[n] = done
	f.out = binary.BigEndian.AppendUint32(f.out, uint32(len(benchData)))
	f.out = append(binary.BigEndian.AppendUint32(f.out, n), benchData...)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	<-done
	return nil
}

func (f *framed) write() {
	var spare []byte
	for range f.wake {
		f.mu.Lock()
		out := f.out
		f.out = spare[:0]
		f.mu.Unlock()
		if _, err := f.nc.Write(out); err != nil {
			return
		}
		spare = out
	}
}

func (f *framed) read() {
	r, head, data := bufio.NewReaderSize(f.nc, 64<<10), make([]byte, 8), make([]byte, 1<<10)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		if _, err := io.ReadFull(r, data[:binary.BigEndian.Uint32(head)]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[4:])
		f.mu.Lock()
		done := f.waits[n]
		delete(f.waits, n)
		f.mu.Unlock()
		close(done)
	}
}
