package keeper

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/bounds"
)

// A system call on a disk that hangs returns when the disk works again, maybe
// in hours. So the loop makes no system call on a log file. A logWriter makes
// all of them for the files of one directory, in a goroutine of its own. A disk
// that hangs costs the lines of its own files, and delays no worker.

const (
	// logPatience is how long the loop waits for the logWriters. Normally they
	// need less, and then a line is in its file before any later event is sent.
	logPatience = time.Second
	// logRoom bounds, in bytes, the lines that wait for one logWriter. The pipes of
	// the workers that write more are not read.
	logRoom = bounds.LogWaiting
	// lastRoom bounds the same together with the last lines of workers that end,
	// which are read in any case. Further lines are dropped.
	lastRoom = 8 * logRoom
	// logStall is how long a disk may take no line before the lines are dropped.
	logStall = 5 * time.Second
	// maxLogWriters bounds the logWriters, because each can block a thread.
	// Further directories share them.
	maxLogWriters = 64
)

// logWriter does everything with the log files of one directory.
type logWriter struct {
	start chan struct{} // capacity 1: a token while there may be a job
	idle  chan struct{} // capacity 1: a token when no job is left
	wake  int           // writing end of the pipe that wakes the loop
	keep  []int         // further descriptors that its thread needs
	// late says that the jobs were not done within logPatience. The loop does
	// not wait for this writer until they are.
	late atomic.Bool

	mu    sync.Mutex
	jobs  []*logJob // that wait
	done  []*logJob // that the loop has not taken yet
	bytes int       // of the lines in jobs, and in the job that runs
	runs  bool      // a job runs
	moved time.Time // when a job began to wait alone, or was done
}

// logJob is one thing to do with a log file. The logWriter calls do; the loop
// calls report with its error. page is the lines to write, if any.
type logJob struct {
	page   []byte
	do     func() error
	report func(error)
	err    error
	panic  string // with its stack; "" = do has returned
}

// runHere calls do. The thread of a logWriter has no stderr: a panic is left to the
// loop.
func (j *logJob) runHere() {
	defer func() {
		if p := recover(); p != nil {
			j.panic = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	j.err = j.do()
}

// logWriters holds the logWriters of a keeper.
type logWriters struct {
	byDir map[string]*logWriter
	all   []*logWriter
	busy  map[*logWriter]bool // with jobs that the loop has not seen done
	wake  int                 // writing end of the pipe that wakes the loop
	keep  []int               // further descriptors that their threads need
}

// startLogWriters makes the pipe by which a late logWriter wakes the loop.
func (l *loop) startLogWriters() error {
	read, write, err := newPipe()
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(write, true); err != nil {
		return err
	}
	l.writers = logWriters{byDir: map[string]*logWriter{}, busy: map[*logWriter]bool{}, wake: write, keep: runtimeDescriptors(l.poll.descriptor())}
	return l.watchFD(read, logPipe(read))
}

// forPath returns the logWriter of a file's directory.
func (s *logWriters) forPath(path string) *logWriter {
	dir := filepath.Dir(path)
	w := s.byDir[dir]
	switch {
	case w != nil:
		return w
	case len(s.all) == maxLogWriters:
		h := fnv.New32a()
		_, _ = h.Write([]byte(dir))
		return s.all[h.Sum32()%maxLogWriters]
	}
	w = &logWriter{start: make(chan struct{}, 1), idle: make(chan struct{}, 1), wake: s.wake, keep: s.keep}
	s.byDir[dir], s.all = w, append(s.all, w)
	go w.run() // ends with the process
	return w
}

// addJob queues a job. The jobs of a directory are done in their order.
func (s *logWriters) addJob(w *logWriter, j *logJob) {
	w.mu.Lock()
	if len(w.jobs) == 0 && !w.runs {
		w.moved = time.Now()
	}
	w.jobs = append(w.jobs, j)
	w.bytes += len(j.page)
	w.mu.Unlock()
	s.busy[w] = true
	select {
	case w.start <- struct{}{}:
	default:
	}
}

// hasRoom reports whether so many bytes of lines may wait, of at most limit. A page
// of any size may wait alone.
func (w *logWriter) hasRoom(bytes, limit int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes == 0 || w.bytes+bytes <= limit
}

// stallsAt returns when a disk that takes no line has taken none for logStall.
func (w *logWriter) stallsAt() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moved.Add(logStall)
}

// run does the jobs, on a thread whose descriptors do not keep the keeper's
// sockets open when the thread hangs and the keeper is killed.
func (w *logWriter) run() {
	separateDescriptors(append([]int{w.wake}, w.keep...)...)
	for range w.start {
		for w.doNext() {
		}
		select {
		case w.idle <- struct{}{}:
		default:
		}
		if w.late.Load() {
			_, _ = unix.Write(w.wake, []byte{0}) // full = the loop will wake anyway
		}
	}
}

// doNext does one job. It returns false when there is none.
func (w *logWriter) doNext() bool {
	w.mu.Lock()
	if len(w.jobs) == 0 {
		w.mu.Unlock()
		return false
	}
	j := w.jobs[0]
	w.jobs, w.runs = w.jobs[1:], true
	w.mu.Unlock()
	j.runHere()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes -= len(j.page)
	w.done, w.runs, w.moved = append(w.done, j), false, time.Now()
	return true
}

// takeDone returns the jobs that were done, and whether none is left.
func (w *logWriter) takeDone() (done []*logJob, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done, w.done = w.done, nil
	return done, len(w.jobs) == 0 && !w.runs
}

// awaitLogs waits until the logWriters have done their jobs, for at most
// logPatience, and not for a logWriter that is late.
func (l *loop) awaitLogs() {
	if len(l.writers.busy) == 0 {
		return
	}
	var limit <-chan time.Time
	for w := range l.writers.busy {
		for !l.collectJobs(w) && !w.late.Load() {
			if limit == nil {
				limit = time.After(logPatience)
			}
			select {
			case <-w.idle:
			case <-limit:
				limit = time.After(0) // all that are not done now are late
				w.late.Store(true)
			}
		}
	}
}

// collectJobs reports the results of the jobs that a logWriter has done. It
// returns whether the logWriter has nothing to do.
func (l *loop) collectJobs(w *logWriter) bool {
	done, all := w.takeDone()
	for _, j := range done {
		if j.panic != "" {
			panic(j.panic)
		}
		if cap(j.page) > cap(l.page) && cap(j.page) <= 2*len(l.buf) {
			l.page = j.page[:0] // the memory is used again
		}
		j.report(j.err)
	}
	if all {
		delete(l.writers.busy, w)
		w.late.Store(false)
	}
	return all
}

// logPipe is the reading end of the pipe by which a late logWriter wakes the
// loop.
type logPipe int

func (p logPipe) handleReady(l *loop) {
	var buf [maxLogWriters]byte
	_, _ = unix.Read(int(p), buf[:])
	for w := range l.writers.busy {
		if w.late.Load() {
			l.collectJobs(w)
		}
	}
}

// addLogJob queues a job for a log file that is in use.
func (l *loop) addLogJob(f *logFile, k key, page []byte, do func() error) {
	l.writers.addJob(f.writer, &logJob{page: page, do: do, report: func(err error) {
		if err != nil {
			l.queueLogWarning(k, f, err)
		}
	}})
}
