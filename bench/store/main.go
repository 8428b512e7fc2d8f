// Command store measures embedded stores with the work of a task queue: three
// commits a task (submit, lease, done), each acknowledged only when on disk.
//
//	cd bench/store && go run . [-dir DIR] [-time 2s] [-queued 1000000] [-only bolt]
//
// One goroutine commits everything that waits. Only ratios within one run mean
// anything.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	bodySize = 200
	headSize = 80
	keep     = 10_000 // finished tasks before the oldest are dropped
)

type candidate struct {
	name string
	open func(dir string) (store, error)
}

func main() {
	dir := flag.String("dir", os.TempDir(), "where to write; a real disk")
	span := flag.Duration("time", 2*time.Second, "length of one measurement")
	queued := flag.Int("queued", 1_000_000, "tasks in the queue for the second half")
	only := flag.String("only", "", "measure only names that contain this")
	flag.Parse()
	for _, c := range []candidate{
		{"log", openLog(0)},
		{"log preallocated", openLog(16 << 20)},
		{"bbolt", openBolt},
		{"sqlite WAL FULL", openSQLite},
	} {
		if !strings.Contains(c.name, *only) {
			continue
		}
		if err := measure(c, *dir, *span, *queued); err != nil {
			log.Fatal(c.name, ": ", err)
		}
	}
}

func measure(c candidate, dir string, span time.Duration, queued int) error {
	dir, err := os.MkdirTemp(dir, "store")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	s, err := c.open(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-18s open empty %.2f ms\n", c.name, ms(time.Since(began)))
	b := newBench(s)
	row(b, c.name+", empty", span)
	began = time.Now()
	if err := b.fill(queued); err != nil {
		return err
	}
	fmt.Printf("%-18s filled with %d in %v, %d MB on disk\n", c.name, queued, time.Since(began).Round(time.Millisecond), size(dir)>>20)
	row(b, c.name+", filled", span)
	if err := b.check(); err != nil {
		return err
	}
	fmt.Printf("%-18s %d MB on disk after that\n", c.name, size(dir)>>20)
	if _, ok := s.(*logStore); ok {
		return recovered(c, s) // it has no index of its own to be opened with
	}
	if err := s.close(); err != nil {
		return err
	}
	began = time.Now()
	again, err := c.open(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-18s reopened in %.2f ms\n", c.name, ms(time.Since(began)))
	defer again.close()
	return recovered(c, again)
}

func recovered(c candidate, s store) error {
	began, n := time.Now(), 0
	err := s.load(func(uint64, []byte, []byte) { n++ })
	fmt.Printf("%-18s read %d tasks in %v\n\n", c.name, n, time.Since(began).Round(time.Millisecond))
	return err
}

func row(b *bench, name string, span time.Duration) {
	fmt.Printf("%-26s", name)
	for _, clients := range []int{1, 64, 256} {
		n, cpu := b.run(clients, span)
		fmt.Printf("  %4d clients: %7.0f tasks/s %5.1f µs CPU", clients, float64(n)/span.Seconds(), float64(cpu.Microseconds())/float64(n))
	}
	fmt.Println()
}

// bench is one store behind one committing goroutine.
type bench struct {
	s     store
	mu    sync.Mutex
	waits []waiting
	bell  chan struct{}
	next  atomic.Uint64 // number of the newest task
	head  atomic.Uint64 // number of the oldest task that is queued
	err   atomic.Pointer[error]
	done  uint64 // the committer's
	first uint64 // oldest finished one; the committer's
}

type waiting struct {
	change
	kept  chan struct{}
	lease bool // read the payload as well
}

func newBench(s store) *bench {
	b := &bench{s: s, bell: make(chan struct{}, 1)}
	return b
}

func (b *bench) put(c change, lease bool, kept chan struct{}) {
	b.mu.Lock()
	b.waits = append(b.waits, waiting{c, kept, lease})
	b.mu.Unlock()
	select {
	case b.bell <- struct{}{}:
	default:
	}
	<-kept
}

func (b *bench) run(clients int, span time.Duration) (tasks int, cpu time.Duration) {
	runtime.GC()
	before := used()
	stop, over := make(chan struct{}), make(chan struct{})
	go b.committer(stop, over)
	var n atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(span)
	for range clients {
		group.Go(func() {
			body, head, kept := make([]byte, bodySize), make([]byte, headSize), make(chan struct{}, 1)
			for time.Now().Before(end) {
				b.put(change{b.next.Add(1), body, head}, false, kept)
				mine := b.head.Add(1)
				b.put(change{mine, nil, head}, true, kept)
				b.put(change{mine, nil, head[:headSize/2]}, false, kept)
				n.Add(1)
			}
		})
	}
	group.Wait()
	close(stop)
	<-over
	return int(n.Load()), used() - before
}

// committer commits all that waits, drops what is beyond the retention, and
// now and then reads what a listing would.
func (b *bench) committer(stop, over chan struct{}) {
	defer close(over)
	var full []waiting
	var batch []change
	listed := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-b.bell:
		}
		b.mu.Lock()
		full, b.waits = b.waits, full[:0]
		b.mu.Unlock()
		batch = batch[:0]
		for _, w := range full {
			batch = append(batch, w.change)
			if w.lease {
				_, _ = b.s.body(w.num)
			}
		}
		for oldest := b.head.Load(); b.first+keep < oldest && len(batch) < 3*len(full); b.first++ {
			batch = append(batch, change{num: b.first + 1})
		}
		if err := b.s.commit(batch); err != nil {
			b.err.Store(&err)
		}
		for _, w := range full {
			w.kept <- struct{}{}
		}
		if time.Since(listed) > 50*time.Millisecond {
			listed = time.Now()
			for i := range uint64(100) {
				_, _ = b.s.body(b.next.Load() - i)
			}
		}
	}
}

func (b *bench) fill(n int) error {
	body, head := make([]byte, bodySize), make([]byte, headSize)
	for n > 0 {
		var batch []change
		for range min(n, 5000) {
			batch = append(batch, change{b.next.Add(1), body, head})
		}
		if err := b.s.commit(batch); err != nil {
			return err
		}
		n -= len(batch)
	}
	return nil
}

func (b *bench) check() error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func size(dir string) (n int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if i, err := os.Stat(f); err == nil {
			n += i.Size()
		}
	}
	return n
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
