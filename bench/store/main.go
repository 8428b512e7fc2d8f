// Command store compares embedded stores under the load of a task queue: three
// commits a task (submit, lease, done), each acknowledged when it is on disk.
//
//	cd bench/store && go run . [-dir DIR] [-time 2s] [-queued 1000000] [-only bolt]
//
// One goroutine commits all waiting changes together. Only the ratios within one
// run are meaningful.
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

// candidate is a store that is measured.
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
		if err := measureCandidate(c, *dir, *span, *queued); err != nil {
			log.Fatal(c.name, ": ", err)
		}
	}
}

// measureCandidate measures an empty store, a filled store, and its recovery.
func measureCandidate(c candidate, dir string, span time.Duration, queued int) error {
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
	fmt.Printf("%-18s open empty %.2f ms\n", c.name, milliseconds(time.Since(began)))
	b := newBench(s)
	printRow(b, c.name+", empty", span)
	began = time.Now()
	if err := b.fillQueue(queued); err != nil {
		return err
	}
	fmt.Printf("%-18s filled with %d in %v, %d MB on disk\n", c.name, queued, time.Since(began).Round(time.Millisecond), dirSize(dir)>>20)
	printRow(b, c.name+", filled", span)
	if err := b.checkError(); err != nil {
		return err
	}
	fmt.Printf("%-18s %d MB on disk after that\n", c.name, dirSize(dir)>>20)
	if _, ok := s.(*logStore); ok {
		return measureLoad(c, s) // a log has no index that a reopen could read
	}
	if err := s.close(); err != nil {
		return err
	}
	began = time.Now()
	again, err := c.open(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-18s reopened in %.2f ms\n", c.name, milliseconds(time.Since(began)))
	defer again.close()
	return measureLoad(c, again)
}

// measureLoad prints how long it takes to read every task.
func measureLoad(c candidate, s store) error {
	began, n := time.Now(), 0
	err := s.load(func(uint64, []byte, []byte) { n++ })
	fmt.Printf("%-18s read %d tasks in %v\n\n", c.name, n, time.Since(began).Round(time.Millisecond))
	return err
}

// printRow measures the store with 1, 64 and 256 clients.
func printRow(b *bench, name string, span time.Duration) {
	fmt.Printf("%-26s", name)
	for _, clients := range []int{1, 64, 256} {
		n, cpu := b.runClients(clients, span)
		fmt.Printf("  %4d clients: %7.0f tasks/s %5.1f µs CPU", clients, float64(n)/span.Seconds(), float64(cpu.Microseconds())/float64(n))
	}
	fmt.Println()
}

// bench is a store whose commits one goroutine makes.
type bench struct {
	s       store
	mu      sync.Mutex
	waiting []waitingChange
	wakeup  chan struct{}
	next    atomic.Uint64 // number of the newest task
	head    atomic.Uint64 // number of the oldest task that is queued
	err     atomic.Pointer[error]
	done    uint64 // only the committer uses it
	first   uint64 // number of the oldest finished task; only the committer uses it
}

// waitingChange is a change that a client waits for.
type waitingChange struct {
	change
	stored chan struct{}
	lease  bool // read the payload as well
}

func newBench(s store) *bench {
	b := &bench{s: s, wakeup: make(chan struct{}, 1)}
	return b
}

// putChange hands a change to the committer and waits until it is stored.
func (b *bench) putChange(c change, lease bool, stored chan struct{}) {
	b.mu.Lock()
	b.waiting = append(b.waiting, waitingChange{c, stored, lease})
	b.mu.Unlock()
	select {
	case b.wakeup <- struct{}{}:
	default:
	}
	<-stored
}

// runClients returns how many tasks a number of clients finish, and the CPU time.
func (b *bench) runClients(clients int, span time.Duration) (tasks int, cpu time.Duration) {
	runtime.GC()
	before := usedCPU()
	stop, ended := make(chan struct{}), make(chan struct{})
	go b.commitWaiting(stop, ended)
	var n atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(span)
	for range clients {
		group.Go(func() {
			body, head, stored := make([]byte, bodySize), make([]byte, headSize), make(chan struct{}, 1)
			for time.Now().Before(end) {
				b.putChange(change{b.next.Add(1), body, head}, false, stored)
				mine := b.head.Add(1)
				b.putChange(change{mine, nil, head}, true, stored)
				b.putChange(change{mine, nil, head[:headSize/2]}, false, stored)
				n.Add(1)
			}
		})
	}
	group.Wait()
	close(stop)
	<-ended
	return int(n.Load()), usedCPU() - before
}

// commitWaiting commits all waiting changes together, deletes tasks beyond the
// retention, and every 50 ms reads as many tasks as a listing does.
func (b *bench) commitWaiting(stop, ended chan struct{}) {
	defer close(ended)
	var taken []waitingChange
	var batch []change
	listed := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-b.wakeup:
		}
		b.mu.Lock()
		taken, b.waiting = b.waiting, taken[:0]
		b.mu.Unlock()
		batch = batch[:0]
		for _, w := range taken {
			batch = append(batch, w.change)
			if w.lease {
				_, _ = b.s.body(w.num)
			}
		}
		for oldest := b.head.Load(); b.first+keep < oldest && len(batch) < 3*len(taken); b.first++ {
			batch = append(batch, change{num: b.first + 1})
		}
		if err := b.s.commit(batch); err != nil {
			b.err.Store(&err)
		}
		for _, w := range taken {
			w.stored <- struct{}{}
		}
		if time.Since(listed) > 50*time.Millisecond {
			listed = time.Now()
			for i := range uint64(100) {
				_, _ = b.s.body(b.next.Load() - i)
			}
		}
	}
}

// fillQueue adds n tasks.
func (b *bench) fillQueue(n int) error {
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

// checkError returns an error of the committer.
func (b *bench) checkError() error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

// usedCPU returns the CPU time of this process so far.
func usedCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// dirSize returns the sum of the file sizes in dir, in bytes.
func dirSize(dir string) (n int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if i, err := os.Stat(f); err == nil {
			n += i.Size()
		}
	}
	return n
}

// milliseconds returns a duration as a number.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
