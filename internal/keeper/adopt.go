package keeper

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// AdoptOrder asks a keeper to watch a process that is not its child: a worker
// with Keep whose own keeper was killed. KindAdopted follows, or KindExited
// with Unknown when no such process lives. The caller has proof that the
// process is the worker. Here PID and StartTime name the process, and no later
// process with the same number is ever signalled.
type AdoptOrder struct {
	GUID        string
	Incarnation int
	PID         int
	StartTime   uint64
	Keep        bool
	CgroupDir   string
	// FollowMain and Tag have the values of the worker's SpawnOrder.
	FollowMain bool   `json:",omitempty"`
	Tag        uint64 `json:",omitempty"`
	// FirstStart is the start time of the first main process of this incarnation; 0 =
	// it is PID.
	FirstStart uint64 `json:",omitempty"`
	// Escaped are the descendants that KindEscaped has named last.
	Escaped []EscapedProcess `json:",omitempty"`
	// Listening is the descriptor in the process that may be its listening
	// socket; the keeper takes a copy. 0 = none.
	Listening int

	Stdout, Stderr Log
	RedirectStderr bool
}

// Adopt sends the order, and saves a snapshot as Spawn does.
func (k *Keeper) Adopt(a AdoptOrder, memo []byte, grace time.Duration) error {
	return k.sendOrder(message{
		Op: opAdopt, GUID: a.GUID, Incarnation: a.Incarnation, Adopt: &a, Snapshot: memo, On: a.Keep, Grace: grace,
	}, nil)
}

// Sync asks for KindSynced, which follows the answers to all orders before it.
func (k *Keeper) Sync() error { return k.sendOrder(message{Op: opSync}, nil) }

// unreapedProcess is an adopted process that has ended and whose parent has not
// waited for it yet. Only then does the kernel tell its status to other
// processes.
type unreapedProcess struct {
	c     *child
	until time.Time
	next  time.Time
}

const (
	statusTimeout  = 5 * time.Second
	statusInterval = 2 * time.Millisecond
)

// adoptProcess begins to watch a process.
func (l *loop) adoptProcess(m *message) {
	a := m.Adopt
	if len(m.Snapshot) > 0 {
		l.saveSnapshot(m)
	}
	k := key{a.GUID, a.Incarnation}
	if l.workers[k] != nil {
		l.queueWarning(k, errors.New("adopt: it is watched already"))
		return
	}
	fd, err := l.openProcess(a.PID, a.StartTime)
	if err != nil {
		l.ctl.queueEvent(Event{Kind: KindExited, GUID: a.GUID, Incarnation: a.Incarnation, Code: -1, Unknown: true, Error: fmt.Sprintf("adopt: %v", err)})
		return
	}
	c := &child{
		key: k, pid: a.PID, start: a.StartTime, began: a.FirstStart, group: groupOf(a.PID), keep: a.Keep, cgroup: a.CgroupDir, pidfd: fd,
		followMain: a.FollowMain, tag: a.Tag, escaped: a.Escaped, seen: map[int]uint64{},
	}
	if c.began == 0 {
		c.began = c.start
	}
	for _, p := range a.Escaped {
		c.seen[p.PID] = p.StartTime
	}
	l.workers[k], l.byPID[a.PID] = c, c
	e := Event{Kind: KindAdopted, GUID: a.GUID, Incarnation: a.Incarnation, PID: c.pid, StartTime: c.start}
	e.HasSocket = l.holdListener(c, a.Listening)
	e.Error = l.reopenOutput(c, a)
	l.findMembers(c) // so that its descendants are known later
	l.scheduleMemberScan(time.Now())
	l.ctl.queueEvent(e)
	if err := l.watchFD(fd, adoptedProcess{c}); err != nil {
		l.queueWarning(k, err)
	}
}

// openProcess opens a pidfd and checks the start time of the process.
func (l *loop) openProcess(pid int, start uint64) (fd int, err error) {
	fd, err = pidfdOpen(pid)
	if err != nil {
		return -1, err
	}
	if l.nearFDLimit(fd) {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d: %s", pid, tooManyFiles)
	}
	if p, ok := procfs.ReadStat(pid); !ok || p.Ended || p.Start != start {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d has ended, or is a later process with the same number", pid)
	}
	return fd, nil
}

// reopenOutput opens the reading ends of the output pipes again. The pipes live
// as long as the process has them. What the process wrote meanwhile is lost,
// and a process that does not handle SIGPIPE has died.
func (l *loop) reopenOutput(c *child, a *AdoptOrder) (lost string) {
	names := []string{"stdout", "stderr"}
	for i, to := range []Log{a.Stdout, a.Stderr} {
		if i == 1 && a.RedirectStderr {
			break
		}
		fd, err := reopenPipe(c.pid, i+1)
		if err == nil && l.nearFDLimit(fd) {
			unix.Close(fd)
			err = errors.New(tooManyFiles)
		}
		if err != nil {
			lost += fmt.Sprintf("its %s cannot be read any more (%v); ", names[i], err)
			continue
		}
		c.streams = append(c.streams, l.captureOutput(c, fd, names[i], to))
	}
	return lost
}

// holdListener takes a copy of the listening socket, so that clients wait in
// the backlog while the worker restarts, as before.
func (l *loop) holdListener(c *child, number int) bool {
	if number <= 0 {
		return false
	}
	fd, err := dupListener(c.pidfd, number)
	if err != nil {
		return false
	}
	if l.nearFDLimit(fd) {
		unix.Close(fd)
		return false
	}
	l.releaseSocket(c.guid)
	l.held[c.guid] = fd
	return true
}

// signalEach signals the main process and members one by one. The number of an
// adopted process may be another's by now: the keeper does not wait for that
// process, so the kernel may reuse its number before the keeper learns of its end.
func (l *loop) signalEach(c *child, members []procfs.Process, sig unix.Signal) {
	if !c.exited {
		l.signalMain(c, sig)
	}
	for _, p := range members {
		signalProcess(p, sig)
	}
}

// adoptedProcess is the pidfd of a process that is not a child of the keeper.
type adoptedProcess struct{ *child }

func (a adoptedProcess) handleReady(l *loop) {
	l.unwatchFD(a.pidfd)
	now := time.Now()
	l.unreaped = append(l.unreaped, unreapedProcess{c: a.child, until: now.Add(statusTimeout), next: now})
	l.collectStatuses(now)
}

// collectStatuses asks the kernel how the adopted processes have ended, until
// the kernel answers or statusTimeout is over.
func (l *loop) collectStatuses(now time.Time) {
	still := l.unreaped[:0]
	var ended []childExit
	for _, d := range l.unreaped {
		status, known := exitStatus(d.c)
		if !known && now.Before(d.until) {
			d.next = now.Add(statusInterval)
			still = append(still, d)
			continue
		}
		unix.Close(d.c.pidfd)
		if l.byPID[d.c.pid] == d.c { // the number may be a new child's by now
			delete(l.byPID, d.c.pid)
		}
		d.c.exited = true
		ended = append(ended, childExit{c: d.c, status: status, unknown: !known})
	}
	l.unreaped = still
	if len(ended) == 0 {
		return
	}
	l.scanned = nil
	for _, e := range ended {
		l.reportExit(e)
	}
	l.checkLeftovers(now)
}

// nextStatusCheck returns when to ask again; zero = no process is awaited.
func (l *loop) nextStatusCheck() (next time.Time) {
	for _, d := range l.unreaped {
		next = earliest(next, d.next)
	}
	return next
}
