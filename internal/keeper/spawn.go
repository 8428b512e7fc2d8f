package keeper

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reservedFDs is how many descriptors a spawn leaves free, so that the keeper
// can always read /proc, signal through a pidfd and rotate a log.
const reservedFDs = 16

// absent marks a descriptor that the new process shall not have.
const absent = ^uintptr(0)

// startSpawn begins to start one process. A fault of the order itself is
// reported at once, every other result when the fork thread has it.
func (l *loop) startSpawn(m *message, stream int) {
	if m.Spawn == nil {
		return
	}
	s := m.Spawn.spawnOrder()
	if len(m.Snapshot) > 0 { // first of all: the events that follow are recorded with it
		l.saveSnapshot(m)
	}
	b := &pendingSpawn{key: key{s.GUID, s.Incarnation}, order: s, fds: &childFDs{devNull: l.devNull, stream: stream}}
	err := l.prepareSpawn(b, m.FDs > 0)
	if err == nil {
		err = l.queueSpawn(b)
	}
	if err != nil {
		b.fds.closeAll()
		b.err = err
		l.reportSpawn(b)
	}
}

// prepareSpawn finds and opens everything that the process needs.
func (l *loop) prepareSpawn(b *pendingSpawn, streamed bool) (err error) {
	if l.workers[b.key] != nil || l.pendingSpawns[b.key] != nil {
		return fmt.Errorf("incarnation %d runs already", b.incarnation)
	}
	if l.shutdown != nil {
		return errors.New("the keeper is ending")
	}
	if b.path, err = findProgram(b.order); err != nil {
		return err
	}
	if err := l.checkLogPaths(b.order); err != nil {
		return err
	}
	if err := l.openChildFDs(b.fds, b.order, streamed); err != nil {
		return err
	}
	b.warnings, err = makeCgroup(b.order)
	return err
}

// reportSpawn reports how a spawn has ended, and enters the process into
// childTable.
func (l *loop) reportSpawn(b *pendingSpawn) {
	if b.err != nil {
		l.removeCgroup(b.order.CgroupDir)
		l.ctl.queueEvent(Event{Kind: KindSpawnFailed, GUID: b.guid, Incarnation: b.incarnation, Error: fmt.Sprintf("spawn %s: %v", b.guid, b.err), Errno: spawnErrno(b.err)})
		return
	}
	l.addChild(b)
	l.ctl.queueEvent(Event{Kind: KindSpawned, GUID: b.guid, Incarnation: b.incarnation, PID: b.pid, StartTime: b.started})
	for _, err := range b.warnings {
		l.queueWarning(b.key, err)
	}
}

// fork starts the process. The caller must call awaitExec.
func fork(path string, s *SpawnOrder, files []uintptr) (int, *execution, error) {
	sys, done, err := childAttributes(s)
	if err != nil {
		return 0, nil, explainSpawnError(err, path)
	}
	defer done()
	e, forked, err := newExecution(path, s, files)
	if err != nil {
		return 0, nil, explainSpawnError(err, path)
	}
	defer forked()
	pid, err := forkExec(&e, s, sys)
	if err != nil {
		return 0, nil, e.explainFailure(err)
	}
	return pid, &e, nil
}

func findProgram(s *SpawnOrder) (string, error) {
	if len(s.Argv) == 0 {
		return "", errEmptyCommand
	}
	if err := CheckDir(s.Dir); err != nil {
		return "", err
	}
	return LookPath(s.Argv[0], s.Dir, s.Env)
}

// childFDs holds the descriptors of one spawn: the ends that the process gets
// and the ends that the keeper has. closeAll closes all that are still set.
type childFDs struct {
	devNull                            int
	stdin                              int    // for the process; 0 = devNull
	stdout, stderr                     int    // for the process; stderr 0 = the same as stdout
	socket, stream                     int    // for the process, as 3 and 4; ≤ 0 = absent
	stdinRest                          []byte // the part of stdin that did not fit into its pipe
	stdinWrite, stdoutRead, stderrRead int    // for the keeper
}

// openChildFDs opens every descriptor that the process will have.
func (l *loop) openChildFDs(f *childFDs, s *SpawnOrder, streamed bool) (err error) {
	if streamed && f.stream < 0 {
		return errors.New(tooManyFiles)
	}
	if s.PassSocket && (!s.NoFDs || s.ListenFDs) {
		fd, ok := l.held[s.GUID]
		if !ok {
			return errors.New("no socket is held for it: HoldSocket must come before Spawn")
		}
		f.socket = fd
	}
	if s.NoFDs {
		f.stream = -1
	}
	if s.Stdin != nil {
		if f.stdin, f.stdinWrite, f.stdinRest, err = stdinPipe(s.Stdin); err != nil {
			return describeFiles("stdin", err)
		}
	}
	if f.stdoutRead, f.stdout, err = newPipe(); err != nil {
		return describeFiles("stdout", err)
	}
	if !s.RedirectStderr {
		if f.stderrRead, f.stderr, err = newPipe(); err != nil {
			return describeFiles("stderr", err)
		}
	}
	if l.nearFDLimit(max(f.stdout, f.stderr)) {
		return errors.New(tooManyFiles)
	}
	return nil
}

// nearFDLimit reports whether a descriptor that was just opened comes near the
// limit: the kernel gives out the lowest free number.
func (l *loop) nearFDLimit(fd int) bool { return fd >= l.fdLimit-reservedFDs }

func describeFiles(what string, err error) error {
	if errors.Is(err, syscall.EMFILE) {
		return errors.New(tooManyFiles)
	}
	return fmt.Errorf("pipe for %s: %w", what, err)
}

// listFDs returns the descriptors 0 to 4 of the process.
func (f *childFDs) listFDs() []uintptr {
	stdin, stderr := f.devNull, f.stdout
	if f.stdin > 0 {
		stdin = f.stdin
	}
	if f.stderr > 0 {
		stderr = f.stderr
	}
	files := []uintptr{uintptr(stdin), uintptr(f.stdout), uintptr(stderr), absent, absent}
	if f.socket > 0 {
		files[3] = uintptr(f.socket)
	}
	if f.stream > 0 {
		files[4] = uintptr(f.stream)
	}
	return files
}

// closeAll closes the process's ends, and those ends of the keeper that no
// stream has taken.
func (f *childFDs) closeAll() {
	for _, fd := range []int{f.stdin, f.stdout, f.stderr, f.stdinWrite, f.stdoutRead, f.stderrRead} {
		if fd > 0 {
			unix.Close(fd)
		}
	}
}

// forkExec starts the process. The umask may be changed around the fork: it is
// this thread's own, or the loop waits meanwhile.
func forkExec(e *execution, s *SpawnOrder, sys *syscall.SysProcAttr) (pid int, err error) {
	if s.Umask >= 0 {
		defer syscall.Umask(syscall.Umask(s.Umask))
	}
	setInheritedTag(s.Tag)
	defer setInheritedTag(0) // the keeper itself is no process of a worker
	attr := &syscall.ProcAttr{Dir: s.Dir, Env: e.env, Files: e.files, Sys: sys}
	err = retryBusy(func() error {
		pid, err = syscall.ForkExec(e.path, e.argv, attr)
		return err
	})
	return pid, err
}

// addFDsVariable adds INITIATOR_FDS to the environment, by which the process
// knows that its descriptors 3 and 4 are meant for it. See
// docs/worker-contract.md.
func addFDsVariable(s *SpawnOrder, files []uintptr) []string {
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

// addChild enters a new process into childTable.
func (l *loop) addChild(b *pendingSpawn) {
	s, f := b.order, b.fds
	c := &child{key: b.key, pid: b.pid, start: b.started, began: b.started, group: b.pid, keep: s.Keep, cgroup: s.CgroupDir, followMain: s.FollowMain, tag: s.Tag}
	l.workers[c.key], l.byPID[c.pid] = c, c
	l.scheduleMemberScan(time.Now())
	if len(f.stdinRest) > 0 {
		l.feedStdin(f.stdinWrite, f.stdinRest)
		f.stdinWrite = 0
	}
	c.streams = append(c.streams, l.captureOutput(c, f.stdoutRead, "stdout", s.Stdout))
	f.stdoutRead = 0
	if f.stderrRead > 0 {
		c.streams = append(c.streams, l.captureOutput(c, f.stderrRead, "stderr", s.Stderr))
		f.stderrRead = 0
	}
}

// queueLogWarning queues a KindWarning about a log.
func (l *loop) queueLogWarning(k key, f *logFile, err error) {
	fault, ok := errors.AsType[logFault](err)
	if !ok {
		l.queueWarning(k, err)
		return
	}
	l.ctl.queueEvent(Event{Kind: KindWarning, GUID: k.guid, Incarnation: k.incarnation, Error: err.Error(), LogPath: f.Path, LogWorks: fault.over})
}

// queueWarning queues a KindWarning.
func (l *loop) queueWarning(k key, err error) {
	e := Event{Kind: KindWarning, GUID: k.guid, Incarnation: k.incarnation, Error: err.Error()}
	if unset, ok := errors.AsType[unsetSetting](err); ok {
		e.Setting = unset.Key
	}
	l.ctl.queueEvent(e)
}
