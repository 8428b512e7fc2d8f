package keeper

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reserve is how many descriptors a spawn leaves free, so that the keeper can
// always look into /proc, signal through a pidfd and rotate a log.
const reserve = 16

// absent marks a descriptor that the new process shall not have.
const absent = ^uintptr(0)

// spawn begins to start one process. What comes of it is reported when it is
// known; what is wrong with the order itself, at once.
func (l *loop) spawn(m *message, stream int) {
	if m.Spawn == nil {
		return
	}
	s := m.Spawn.plain()
	if len(m.Snapshot) > 0 { // before all else: what follows is told to whoever has it
		l.deposit(m)
	}
	b := &birth{key: key{s.GUID, s.Incarnation}, order: s, fit: &fittings{null: l.null, stream: stream}}
	err := l.prepare(b, m.FDs > 0)
	if err == nil {
		err = l.conceive(b)
	}
	if err != nil {
		b.fit.close()
		b.err = err
		l.enter(b)
	}
}

// prepare finds and opens all that the process needs.
func (l *loop) prepare(b *birth, streamed bool) (err error) {
	if l.workers[b.key] != nil || l.unborn[b.key] != nil {
		return fmt.Errorf("incarnation %d runs already", b.incarnation)
	}
	if l.ending != nil {
		return errors.New("the keeper is ending")
	}
	if b.path, err = findProgram(b.order); err != nil {
		return err
	}
	if err := l.fit(b.fit, b.order, streamed); err != nil {
		return err
	}
	b.warnings, err = makeCgroup(b.order)
	return err
}

// enter reports a birth, and enters the process into the books.
func (l *loop) enter(b *birth) {
	if b.err != nil {
		l.leave(b.order.CgroupDir)
		l.ctl.event(Event{Kind: KindSpawnFailed, GUID: b.guid, Incarnation: b.incarnation, Error: fmt.Sprintf("spawn %s: %v", b.guid, b.err)})
		return
	}
	l.adopt(b)
	l.ctl.event(Event{Kind: KindSpawned, GUID: b.guid, Incarnation: b.incarnation, PID: b.pid, StartTime: b.start})
	for _, err := range b.warnings {
		l.warn(b.key, err)
	}
}

func fork(path string, s *SpawnOrder, files []uintptr) (int, error) {
	sys, done, err := attributes(s)
	if err != nil {
		return 0, err
	}
	defer done()
	return forkExec(path, s, files, sys)
}

func findProgram(s *SpawnOrder) (string, error) {
	if len(s.Argv) == 0 {
		return "", errors.New("the command is empty")
	}
	if err := checkDir(s.Dir); err != nil {
		return "", err
	}
	return lookPath(s.Argv[0], s.Dir, s.Env)
}

// fittings are the descriptors of one spawn: the ends that the process gets
// and the ends that the keeper has. close closes all that is still here.
type fittings struct {
	null            int
	stdin           int    // for the process; 0 = null
	out, err        int    // for the process; err 0 = the same as out
	held, stream    int    // for the process, as 3 and 4; ≤ 0 = absent
	rest            []byte // of stdin, that did not fit into its pipe
	feed, own, own2 int    // ours: the writing end of stdin, the reading ends of output
}

// fit opens everything that the process will have.
func (l *loop) fit(f *fittings, s *SpawnOrder, streamed bool) (err error) {
	if streamed && f.stream < 0 {
		return errors.New(tooManyFiles)
	}
	if s.PassSocket && !s.NoFDs {
		fd, ok := l.held[s.GUID]
		if !ok {
			return errors.New("no socket is held for it: Hold comes before Spawn")
		}
		f.held = fd
	}
	if s.NoFDs {
		f.stream = -1
	}
	if s.Stdin != nil {
		if f.stdin, f.feed, f.rest, err = stdinPipe(s.Stdin); err != nil {
			return describeFiles("stdin", err)
		}
	}
	if f.own, f.out, err = pipe(); err != nil {
		return describeFiles("stdout", err)
	}
	if !s.RedirectStderr {
		if f.own2, f.err, err = pipe(); err != nil {
			return describeFiles("stderr", err)
		}
	}
	if l.crowded(max(f.out, f.err)) {
		return errors.New(tooManyFiles)
	}
	return nil
}

// crowded reports whether a descriptor just opened comes near the limit: the
// kernel gives out the lowest free number.
func (l *loop) crowded(fd int) bool { return fd >= l.fdLimit-reserve }

func describeFiles(what string, err error) error {
	if errors.Is(err, syscall.EMFILE) {
		return errors.New(tooManyFiles)
	}
	return fmt.Errorf("pipe for %s: %w", what, err)
}

// files are the descriptors 0 to 4 of the process.
func (f *fittings) files() []uintptr {
	stdin, stderr := f.null, f.out
	if f.stdin > 0 {
		stdin = f.stdin
	}
	if f.err > 0 {
		stderr = f.err
	}
	files := []uintptr{uintptr(stdin), uintptr(f.out), uintptr(stderr), absent, absent}
	if f.held > 0 {
		files[3] = uintptr(f.held)
	}
	if f.stream > 0 {
		files[4] = uintptr(f.stream)
	}
	return files
}

// close closes what belongs to the process, and what of ours nobody took.
func (f *fittings) close() {
	for _, fd := range []int{f.stdin, f.out, f.err, f.feed, f.own, f.own2} {
		if fd > 0 {
			unix.Close(fd)
		}
	}
}

// forkExec starts the process. The umask can be changed around the fork: it is
// this thread's own, or the loop waits meanwhile.
func forkExec(path string, s *SpawnOrder, files []uintptr, sys *syscall.SysProcAttr) (int, error) {
	if s.Umask >= 0 {
		defer syscall.Umask(syscall.Umask(s.Umask))
	}
	attr := &syscall.ProcAttr{Dir: s.Dir, Env: announce(s, files), Files: files, Sys: sys}
	for pause := time.Millisecond; ; pause *= 2 {
		pid, err := syscall.ForkExec(path, s.Argv, attr)
		// A program that was written a moment ago may still be open for
		// writing in a child that another process has just forked.
		if err != syscall.ETXTBSY || pause > 16*time.Millisecond {
			return pid, err
		}
		time.Sleep(pause)
	}
}

// announce adds INITIATOR_FDS to the environment, by which the process knows
// that its descriptors 3 and 4 are really meant for it.
func announce(s *SpawnOrder, files []uintptr) []string {
	var list []string
	for i := 3; i < len(files); i++ {
		var st unix.Stat_t
		if files[i] != absent && unix.Fstat(int(files[i]), &st) == nil {
			list = append(list, fmt.Sprintf("%d:%d:%d", i, st.Dev, st.Ino))
		}
	}
	if len(list) == 0 {
		return s.Env
	}
	return append(s.Env[:len(s.Env):len(s.Env)], "INITIATOR_FDS="+strings.Join(list, ","))
}

// adopt enters a new process into the books.
func (l *loop) adopt(b *birth) {
	s, f := b.order, b.fit
	c := &child{key: b.key, pid: b.pid, start: b.start, keep: s.Keep, cgroup: s.CgroupDir}
	l.workers[c.key], l.byPID[c.pid] = c, c
	if len(f.rest) > 0 {
		l.feedStdin(f.feed, f.rest)
		f.feed = 0
	}
	c.streams = append(c.streams, l.capture(c, f.own, "stdout", s.Stdout))
	f.own = 0
	if f.own2 > 0 {
		c.streams = append(c.streams, l.capture(c, f.own2, "stderr", s.Stderr))
		f.own2 = 0
	}
}

// warn reports that something asked for is not so.
func (l *loop) warn(k key, err error) {
	l.ctl.event(Event{Kind: KindWarning, GUID: k.guid, Incarnation: k.incarnation, Error: err.Error()})
}
