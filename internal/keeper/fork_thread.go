package keeper

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// maxPendingSpawns bounds how many spawns are on their way between the loop and the
// thread that forks: enough that neither waits for the other.
const maxPendingSpawns = 4

// pendingSpawn is one spawn on that way.
type pendingSpawn struct {
	key
	order    *SpawnOrder
	path     string
	fds      *childFDs
	warnings []error

	pid   int
	start uint64
	err   error
}

// forkThread is the goroutine that forks, alone on one thread, for life: the
// kernel kills our children (Pdeathsig) when the thread that forked them ends.
//
// On Linux the thread has a table of descriptors of its own with next to
// nothing in it. A child begins with a copy of that table and closes it one by
// one when it executes; with the pipes of a thousand workers in it that is
// half the cost of a spawn. It also has a umask of its own.
type forkThread struct {
	orders   chan *pendingSpawn
	forked   chan *pendingSpawn // as they were ordered; has room for all
	wake     int                // the writing end of a pipe that the loop waits on
	transfer *fdTransfer        // where descriptors are handed through; nil = the table is the loop's
}

// startForkThread makes the thread. It waits until it is known whether the thread
// has a table of its own.
func (l *loop) startForkThread() error {
	read, write, err := newPipe()
	if err != nil {
		return err
	}
	m := &forkThread{orders: make(chan *pendingSpawn, maxPendingSpawns), forked: make(chan *pendingSpawn, maxPendingSpawns), wake: write}
	l.forkThread, l.pendingSpawns = m, map[key]*pendingSpawn{}
	ready := make(chan struct{})
	go func() { // ends with the process
		runtime.LockOSThread()
		m.transfer = newFDTransfer(l.ctl.fd)
		close(ready)
		for b := range m.orders {
			m.forkChild(b)
		}
	}()
	<-ready
	return l.watchFD(read, spawnPipe(read))
}

// forkChild forks.
func (m *forkThread) forkChild(b *pendingSpawn) {
	files, err := m.transfer.receiveFDs(b.fds.listFDs())
	if err == nil {
		b.pid, err = fork(b.path, b.order, files)
		m.transfer.closeFDs(files)
	}
	if err != nil {
		b.err = explainSpawnError(err, b.path)
	} else {
		if p, ok := readStat(b.pid); ok {
			b.start = p.start
		}
		b.warnings = append(b.warnings, applyLimits(b.pid, b.order)...)
	}
	m.forked <- b
	_, _ = unix.Write(m.wake, []byte{0})
}

// spawnPipe is the reading end of the pipe by which a birth is known.
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

// queueSpawn hands a spawn to the midwife.
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
		l.awaitSpawns() // the umask is all threads' there
	}
	return nil
}

// awaitSpawns waits until every spawn that was handed over is in the books.
// Whoever looks at all our children does so first.
func (l *loop) awaitSpawns() {
	for len(l.pendingSpawns) > 0 {
		l.finishSpawn(<-l.forkThread.forked)
	}
}

// finishSpawn enters what was born into the books.
func (l *loop) finishSpawn(b *pendingSpawn) {
	delete(l.pendingSpawns, b.key)
	l.reportSpawn(b)
	b.fds.closeAll()
}
