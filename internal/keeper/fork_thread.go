package keeper

import (
	"runtime"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// maxPendingSpawns bounds how many spawns are between the loop and the fork
// thread: enough that neither has to wait.
const maxPendingSpawns = 4

// pendingSpawn is one spawn between the loop and the fork thread.
type pendingSpawn struct {
	key
	order    *SpawnOrder
	path     string
	fds      *childFDs
	warnings []error

	pid     int
	started uint64 // start time of pid
	err     error
}

// forkThread is the goroutine that forks, alone on one thread, for life: the
// kernel kills the keeper's children (Pdeathsig) when the thread that forked
// them ends.
//
// On Linux the thread has a descriptor table of its own that is almost empty. A
// child begins with a copy of that table and closes its entries at exec; with
// the pipes of a thousand workers in it, this is half the cost of a spawn. The
// thread also has a umask of its own.
type forkThread struct {
	orders   chan *pendingSpawn
	forked   chan *pendingSpawn // in the order of orders; has room for all
	wake     int                // writing end of a pipe that the loop watches
	transfer *fdTransfer        // passes descriptors to the thread; nil = it uses the loop's table
}

// startForkThread starts the thread. It waits until it is known whether the
// thread has a descriptor table of its own.
func (l *loop) startForkThread() error {
	read, write, err := newPipe()
	if err != nil {
		return err
	}
	t := &forkThread{orders: make(chan *pendingSpawn, maxPendingSpawns), forked: make(chan *pendingSpawn, maxPendingSpawns), wake: write}
	l.forkThread, l.pendingSpawns = t, map[key]*pendingSpawn{}
	ready := make(chan struct{})
	go func() { // ends with the process
		runtime.LockOSThread()
		t.transfer = newFDTransfer(l.ctl.fd)
		close(ready)
		for b := range t.orders {
			t.forkChild(b)
		}
	}()
	<-ready
	return l.watchFD(read, spawnPipe(read))
}

// forkChild forks the child, applies its limits and reports to the loop.
func (t *forkThread) forkChild(b *pendingSpawn) {
	files, err := t.transfer.receiveFDs(b.fds.listFDs())
	if err == nil {
		b.err = b.start(files)
		t.transfer.closeFDs(files)
	} else {
		b.err = explainSpawnError(err, b.path)
	}
	t.forked <- b
	_, _ = unix.Write(t.wake, []byte{0})
}

// start starts the process on the fork thread.
func (b *pendingSpawn) start(files []uintptr) error {
	pid, e, err := fork(b.path, b.order, files)
	if err != nil {
		return err
	}
	b.pid = pid
	if p, ok := procfs.ReadStat(pid); ok {
		b.started = p.Start
	}
	b.warnings = append(b.warnings, applyLimits(pid, b.order)...)
	unset, err := e.awaitExec(pid)
	b.warnings = append(b.warnings, unset...)
	return explainSpawnError(err, b.path)
}

// spawnPipe is the reading end of the pipe by which the fork thread wakes the
// loop.
type spawnPipe int

func (c spawnPipe) handleReady(l *loop) {
	var buf [2 * maxPendingSpawns]byte
	_, _ = unix.Read(int(c), buf[:])
	for {
		select {
		case b := <-l.forkThread.forked:
			l.finishSpawn(b)
		default:
			return
		}
	}
}

// queueSpawn gives a spawn to the fork thread.
func (l *loop) queueSpawn(b *pendingSpawn) error {
	if len(l.pendingSpawns) == maxPendingSpawns {
		l.finishSpawn(<-l.forkThread.forked)
	}
	if err := l.forkThread.transfer.sendFDs(b.fds.listFDs()); err != nil {
		return err
	}
	l.pendingSpawns[b.key] = b
	l.forkThread.orders <- b
	if l.forkThread.transfer == nil {
		l.awaitSpawns() // all threads share the umask there
	}
	return nil
}

// awaitSpawns waits until every spawn that was queued is in childTable. Code
// that looks at all children calls it first.
func (l *loop) awaitSpawns() {
	for len(l.pendingSpawns) > 0 {
		l.finishSpawn(<-l.forkThread.forked)
	}
}

// finishSpawn reports a spawn that the fork thread has done.
func (l *loop) finishSpawn(b *pendingSpawn) {
	delete(l.pendingSpawns, b.key)
	l.reportSpawn(b)
	b.fds.closeAll()
}
