package keeper

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// source is one descriptor that the loop waits on. Its ready method reads or
// writes once, never blocks, and leaves the rest for the next turn.
type source interface {
	ready(l *loop)
}

// loop is everything that a keeper knows. One goroutine on one thread, for
// life, owns it, without locks; only forking has a thread of its own.
type loop struct {
	poll    *poller
	sources map[int]source
	ctl     *control
	children
	outputs
	midwife *midwife
	unborn  map[key]*birth // handed to the midwife and not in the books yet
	held    map[string]int // listening sockets by guid
	null    int            // /dev/null, every stdin that holds nothing
	fdLimit int

	reap   bool // SIGCHLD came
	ruins  ruins
	ending *farewell // set once everything is to end

	meeting meeting
	memos   map[string]*memo
	seq     uint64    // of the last event that was remembered
	stay    time.Time // asked for before an upgrade
	gap     *gap      // set while there is no initiator
	dying   []dying   // adopted processes whose status is awaited
	tidy    time.Time // when to give memory back after work; zero = done
}

// keep is the life of a keeper; it returns the exit code. The loop has a
// thread that is not the first one: Linux gives orphans to the first thread
// and counts children by thread, so those of the first are orphans only, and
// looking for them does not mean going through a thousand workers.
func keep(fd int) int {
	code := make(chan int)
	go func() {
		runtime.LockOSThread()
		code <- live(fd)
	}()
	return <-code
}

func live(fd int) int {
	// One thread does the work, and one forks.
	runtime.GOMAXPROCS(2)
	go rehearse() // ends by itself
	deaths, caught := catchSignals()
	closeInherited()
	l, err := newLoop(fd)
	if err == nil {
		<-caught
		err = l.listenDeaths(deaths)
	}
	if err != nil {
		_, _ = os.Stderr.WriteString("initiator-keeper: " + err.Error() + "\n")
		return 125
	}
	l.ctl.event(Event{Kind: KindHello, Version: ours(), PID: os.Getpid()})
	l.ctl.flush()
	return l.run()
}

func newLoop(fd int) (*loop, error) {
	becomeParent()
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	l := &loop{
		poll: poll, sources: map[int]source{}, null: null, held: map[string]int{}, memos: map[string]*memo{},
		children: newChildren(), outputs: newOutputs(), fdLimit: descriptorLimit(),
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	l.ctl = &control{fd: fd, loop: l}
	if err := l.startMidwife(); err != nil {
		return nil, err
	}
	return l, l.watchFD(fd, l.ctl)
}

func (l *loop) watchFD(fd int, s source) error {
	if err := l.poll.add(fd, false); err != nil {
		return err
	}
	l.sources[fd] = s
	return nil
}

// closeFD ends the watching of a descriptor and closes it.
func (l *loop) closeFD(fd int) {
	if _, ok := l.sources[fd]; ok {
		l.poll.remove(fd)
		delete(l.sources, fd)
	}
	unix.Close(fd)
}

// unwatch ends the watching of a descriptor and leaves it open.
func (l *loop) unwatch(fd int) {
	l.poll.remove(fd)
	delete(l.sources, fd)
}

// run turns until everything has ended.
func (l *loop) run() int {
	for {
		for _, fd := range l.poll.wait(l.patience(time.Now())) {
			if s, ok := l.sources[fd]; ok {
				s.ready(l)
			}
		}
		if l.reap {
			l.reap = false
			l.collect()
		}
		l.ctl.handleOne(l)
		l.due(time.Now())
		l.ctl.flush()
		if code, done := l.finished(time.Now()); done {
			l.closeLogs()
			return code
		}
	}
}

// patience is how long the loop may sleep, in milliseconds; -1 = for ever.
func (l *loop) patience(now time.Time) int {
	if l.ctl.pending() {
		return 0
	}
	next := earlier(earlier(l.tidy, l.ruins.next), l.dyingNext())
	for _, c := range l.ends {
		next = earlier(next, c.end.next)
	}
	if l.ending != nil {
		next = earlier(next, l.ending.next)
	}
	if l.gap != nil {
		next = earlier(next, l.gap.next)
	}
	if next.IsZero() {
		return -1
	}
	return int(max(0, next.Sub(now)+time.Millisecond-1) / time.Millisecond)
}

// earlier is the first of two moments, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// due does what the clock asks for.
func (l *loop) due(now time.Time) {
	for _, c := range l.ends {
		if !now.Before(c.end.next) {
			l.killRound(c, now)
		}
	}
	if l.ending != nil && !l.ending.next.IsZero() && !now.Before(l.ending.next) {
		l.farewellRound(now)
	}
	if next := l.dyingNext(); !next.IsZero() && !now.Before(next) {
		l.mourn(now)
	}
	if l.gap != nil && !l.gap.next.IsZero() && !now.Before(l.gap.next) {
		l.gapRound(now)
	}
	if !l.ruins.next.IsZero() && !now.Before(l.ruins.next) {
		l.left()
	}
	if !l.tidy.IsZero() && !now.Before(l.tidy) {
		l.tidy = time.Time{}
		debug.SetGCPercent(50) // not before: a collection would hold up the start
		debug.FreeOSMemory()
	}
}

// busy notes that memory was used, to be given back when it is quiet again.
func (l *loop) busy() { l.tidy = time.Now().Add(2 * time.Second) }
