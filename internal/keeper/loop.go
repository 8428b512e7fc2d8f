package keeper

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/frozentime"
)

// source is one descriptor that the loop waits on. handleReady reads or writes
// once, never blocks, and leaves the rest for the next turn.
type source interface {
	handleReady(l *loop)
}

// loop is the whole state of a keeper. One goroutine on one thread owns it for
// life, without locks. Only forking has a thread of its own.
type loop struct {
	poll    *poller
	sources map[int]source
	ctl     *controlConn
	childTable
	outputs
	forkThread    *forkThread
	pendingSpawns map[key]*pendingSpawn // given to the fork thread and not in childTable yet
	held          map[string]int        // listening sockets by guid
	devNull       int                   // /dev/null, for every child without a stdin
	fdLimit       int

	reapPending  bool // SIGCHLD was received
	staleCgroups staleCgroups
	shutdown     *shutdown // not nil once everything is to end

	handover        handoverSocket
	snapshots       map[string]*snapshot
	seq             uint64              // Seq of the last recorded event
	keepAllUntil    time.Time           // set before an upgrade
	window          *handoverWindow     // not nil while there is no initiator
	unreaped        []unreapedProcess   // adopted processes that have ended without a known status
	releaseMemoryAt time.Time           // when to give memory back after work; zero = done
	rounds          frozentime.Detector // whether the keeper itself was running
}

// runKeeper runs the keeper to its end and returns the exit code. The loop has
// a thread that is not the first thread: Linux gives orphans to the first
// thread and lists children by thread. So the children of the first thread are
// orphans only, and finding the orphans does not mean reading a thousand
// workers.
func runKeeper(fd int) int {
	code := make(chan int)
	go func() {
		runtime.LockOSThread()
		code <- runLoop(fd)
	}()
	return <-code
}

func runLoop(fd int) int {
	// One thread runs the loop, and one forks.
	runtime.GOMAXPROCS(2)
	go warmUpJSON() // ends by itself
	deaths, caught := catchSignals()
	closeInherited()
	l, err := newLoop(fd)
	if err == nil {
		<-caught
		err = l.watchSIGCHLD(deaths)
	}
	if err != nil {
		_, _ = os.Stderr.WriteString("initiator-keeper: " + err.Error() + "\n")
		return 125
	}
	l.ctl.queueEvent(Event{Kind: KindHello, Version: ownVersion(), PID: os.Getpid()})
	l.ctl.flushEvents()
	return l.run()
}

func newLoop(fd int) (*loop, error) {
	becomeSubreaper()
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	l := &loop{
		poll: poll, sources: map[int]source{}, devNull: null, held: map[string]int{}, snapshots: map[string]*snapshot{},
		childTable: newChildTable(), outputs: newOutputs(), fdLimit: descriptorLimit(),
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	l.ctl = &controlConn{fd: fd, loop: l}
	if err := errors.Join(l.startForkThread(), l.startLogWriters()); err != nil {
		return nil, err
	}
	return l, l.watchFD(fd, l.ctl)
}

func (l *loop) watchFD(fd int, s source) error {
	if err := l.poll.addFD(fd, false); err != nil {
		return err
	}
	l.sources[fd] = s
	return nil
}

// closeFD stops watching a descriptor and closes it.
func (l *loop) closeFD(fd int) {
	if _, ok := l.sources[fd]; ok {
		l.poll.removeFD(fd)
		delete(l.sources, fd)
	}
	unix.Close(fd)
}

// unwatchFD stops watching a descriptor and leaves it open.
func (l *loop) unwatchFD(fd int) {
	l.poll.removeFD(fd)
	delete(l.sources, fd)
}

// run turns until the keeper may end, and returns the exit code.
func (l *loop) run() int {
	for {
		ready := l.poll.waitReady(l.pollTimeout(time.Now()))
		l.moveTimeouts(time.Now())
		for _, fd := range ready {
			if s, ok := l.sources[fd]; ok {
				s.handleReady(l)
			}
		}
		if l.reapPending {
			l.reapPending = false
			l.reapChildren()
		}
		l.ctl.handleOrder(l)
		l.runTimers(time.Now())
		l.resumeReading()
		l.ctl.flushEvents()
		if code, done := l.finished(time.Now()); done {
			l.closeLogs()
			return code
		}
	}
}

// pollTimeout returns how long the loop may sleep, in milliseconds; -1 =
// without limit.
func (l *loop) pollTimeout(now time.Time) int {
	if l.ctl.hasOrder() {
		return 0
	}
	next := earliest(earliest(l.releaseMemoryAt, l.staleCgroups.next), earliest(l.nextStatusCheck(), l.nextMemberScan()))
	for _, c := range l.ends {
		next = earliest(next, c.end.next)
	}
	if l.shutdown != nil {
		next = earliest(next, l.shutdown.next)
	}
	if l.window != nil {
		next = earliest(next, l.window.next)
	}
	next = earliest(earliest(next, l.flows.next), l.flows.answerTill)
	next = earliest(next, earliest(l.unended.next, l.expectRound(now)))
	if next.IsZero() {
		return -1
	}
	return int(max(0, next.Sub(now)+time.Millisecond-1) / time.Millisecond)
}

// earliest returns the earlier of two times; a zero time means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// runTimers does everything that is due at now.
func (l *loop) runTimers(now time.Time) {
	for _, c := range l.ends {
		if !now.Before(c.end.next) {
			l.killRound(c, now)
		}
	}
	if l.shutdown != nil && !l.shutdown.next.IsZero() && !now.Before(l.shutdown.next) {
		l.shutdownRound(now)
	}
	if next := l.nextStatusCheck(); !next.IsZero() && !now.Before(next) {
		l.collectStatuses(now)
	}
	if l.window != nil && !l.window.next.IsZero() && !now.Before(l.window.next) {
		l.checkWindow(now)
	}
	if next := l.nextMemberScan(); !next.IsZero() && !now.Before(next) {
		l.scanMembers(now)
	}
	if !l.unended.next.IsZero() && !now.Before(l.unended.next) {
		l.flushUnended(now)
	}
	if till := l.flows.answerTill; !till.IsZero() && !now.Before(till) {
		l.releaseUnanswered()
	}
	if !l.staleCgroups.next.IsZero() && !now.Before(l.staleCgroups.next) {
		l.retryRemoval()
	}
	if !l.releaseMemoryAt.IsZero() && !now.Before(l.releaseMemoryAt) {
		l.releaseMemoryAt = time.Time{}
		debug.SetGCPercent(50) // not before: a collection would delay the start
		debug.FreeOSMemory()
	}
}

// noteActivity schedules giving memory back for when the keeper is idle again.
func (l *loop) noteActivity() { l.releaseMemoryAt = time.Now().Add(2 * time.Second) }
