package keeper

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// births bounds how many spawns are on their way between the loop and the
// thread that forks: enough that neither waits for the other.
const births = 4

// birth is one spawn on that way.
type birth struct {
	key
	order    *SpawnOrder
	path     string
	fit      *fittings
	warnings []error

	pid   int
	start uint64
	err   error
}

// midwife is the goroutine that forks, alone on one thread, for life: the
// kernel kills our children (Pdeathsig) when the thread that forked them ends.
//
// On Linux the thread has a table of descriptors of its own with next to
// nothing in it. A child begins with a copy of that table and closes it one by
// one when it executes; with the pipes of a thousand workers in it that is
// half the cost of a spawn. It also has a umask of its own.
type midwife struct {
	orders chan *birth
	born   chan *birth // as they were ordered; has room for all
	wake   int         // the writing end of a pipe that the loop waits on
	door   *door       // where descriptors are handed through; nil = the table is the loop's
}

// startMidwife makes the thread. It waits until it is known whether the thread
// has a table of its own.
func (l *loop) startMidwife() error {
	read, write, err := pipe()
	if err != nil {
		return err
	}
	m := &midwife{orders: make(chan *birth, births), born: make(chan *birth, births), wake: write}
	l.midwife, l.unborn = m, map[key]*birth{}
	ready := make(chan struct{})
	go func() { // ends with the process
		runtime.LockOSThread()
		m.door = openDoor(l.ctl.fd)
		close(ready)
		for b := range m.orders {
			m.bear(b)
		}
	}()
	<-ready
	return l.watchFD(read, cry(read))
}

// bear forks.
func (m *midwife) bear(b *birth) {
	files, err := m.door.take(b.fit.files())
	if err == nil {
		b.pid, err = fork(b.path, b.order, files)
		m.door.drop(files)
	}
	if err != nil {
		b.err = explain(err, b.path)
	} else {
		if p, ok := statOf(b.pid); ok {
			b.start = p.start
		}
		b.warnings = append(b.warnings, limit(b.pid, b.order)...)
	}
	m.born <- b
	_, _ = unix.Write(m.wake, []byte{0})
}

// cry is the reading end of the pipe by which a birth is known.
type cry int

func (c cry) ready(l *loop) {
	var buf [2 * births]byte
	_, _ = unix.Read(int(c), buf[:])
	for {
		select {
		case b := <-l.midwife.born:
			l.deliver(b)
		default:
			return
		}
	}
}

// conceive hands a spawn to the midwife.
func (l *loop) conceive(b *birth) error {
	if len(l.unborn) == births {
		l.deliver(<-l.midwife.born)
	}
	if err := l.midwife.door.hand(b.fit.files()); err != nil {
		return err
	}
	l.unborn[b.key] = b
	l.midwife.orders <- b
	if l.midwife.door == nil {
		l.awaitBirths() // the umask is all threads' there
	}
	return nil
}

// awaitBirths waits until every spawn that was handed over is in the books.
// Whoever looks at all our children does so first.
func (l *loop) awaitBirths() {
	for len(l.unborn) > 0 {
		l.deliver(<-l.midwife.born)
	}
}

// deliver enters what was born into the books.
func (l *loop) deliver(b *birth) {
	delete(l.unborn, b.key)
	l.enter(b)
	b.fit.close()
}
