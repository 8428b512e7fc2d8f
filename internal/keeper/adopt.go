package keeper

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// AdoptOrder asks a keeper to watch over a process that is not its child: one marked
// Keep, whose own keeper was killed. KindAdopted follows, or KindExited with
// Unknown when no such process lives. Whoever asks has proof that the process
// is the worker; here it is named by PID and StartTime, and no other of the
// same number is ever signalled.
type AdoptOrder struct {
	GUID        string
	Incarnation int
	PID         int
	StartTime   uint64
	Keep        bool
	CgroupDir   string
	// Listening is the descriptor in the process that may be its listening
	// socket, to be held here again; 0 = none.
	Listening int

	Stdout, Stderr Log
	RedirectStderr bool
}

// Adopt sends the order, and leaves a memo as Spawn does.
func (k *Keeper) Adopt(a AdoptOrder, memo []byte, grace time.Duration) error {
	return k.sendOrder(message{
		Op: opAdopt, GUID: a.GUID, Incarnation: a.Incarnation, Adopt: &a, Snapshot: memo, On: a.Keep, Grace: grace,
	}, nil)
}

// Sync asks for KindSynced, which follows the answers to all that was asked
// before.
func (k *Keeper) Sync() error { return k.sendOrder(message{Op: opSync}, nil) }

// unreapedProcess is an adopted process that has ended and whose parent, whoever that
// is, has not yet waited for it: only then is its status told to others.
type unreapedProcess struct {
	c     *child
	until time.Time
	next  time.Time
}

const (
	statusTimeout  = 5 * time.Second
	statusInterval = 2 * time.Millisecond
)

// adoptProcess takes a process in.
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
	fd, err := l.openProcess(a)
	if err != nil {
		l.ctl.queueEvent(Event{Kind: KindExited, GUID: a.GUID, Incarnation: a.Incarnation, Code: -1, Unknown: true, Error: fmt.Sprintf("adopt: %v", err)})
		return
	}
	c := &child{key: k, pid: a.PID, start: a.StartTime, keep: a.Keep, cgroup: a.CgroupDir, pidfd: fd}
	l.workers[k], l.byPID[a.PID] = c, c
	e := Event{Kind: KindAdopted, GUID: a.GUID, Incarnation: a.Incarnation, PID: c.pid, StartTime: c.start}
	e.HasSocket = l.holdListener(c, a.Listening)
	e.Error = l.reopenOutput(c, a)
	l.findMembers(c) // what is below it now is known later
	l.ctl.queueEvent(e)
	if err := l.watchFD(fd, adoptedProcess{c}); err != nil {
		l.queueWarning(k, err)
	}
}

// openProcess opens the process and makes sure that it is the one that is meant.
func (l *loop) openProcess(a *AdoptOrder) (fd int, err error) {
	fd, err = pidfdOpen(a.PID)
	if err != nil {
		return -1, err
	}
	if l.nearFDLimit(fd) {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d: %s", a.PID, tooManyFiles)
	}
	if p, ok := readStat(a.PID); !ok || p.dead || p.start != a.StartTime {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d is not the one that was meant, or has ended", a.PID)
	}
	return fd, nil
}

// reopenOutput opens the reading ends of its output pipes again. The pipes live as
// long as the process has them; what it wrote meanwhile is lost, and a process
// that did not mind SIGPIPE has died of it.
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

// holdListener takes a copy of its listening socket, so that clients wait in the
// backlog while it restarts, as before.
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

// signalAdopted signals one after the other through handles. A group could by
// now be another's: we do not wait for its leader, so its number may be given
// away before we hear of its end.
func (l *loop) signalAdopted(c *child, members []process, sig unix.Signal) {
	if !c.exited {
		signalPidfd(c.pidfd, sig)
	}
	for _, p := range members {
		signalProcess(p, sig)
	}
}

// adoptedProcess waits for the end of a process that is not our child.
type adoptedProcess struct{ *child }

func (a adoptedProcess) handleReady(l *loop) {
	l.unwatchFD(a.pidfd)
	now := time.Now()
	l.unreaped = append(l.unreaped, unreapedProcess{c: a.child, until: now.Add(statusTimeout), next: now})
	l.collectStatuses(now)
}

// collectStatuses asks how those that are dying have ended, until the kernel says so or
// it takes too long.
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
		if l.byPID[d.c.pid] == d.c { // its number may be a child's of ours by now
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

// nextStatusCheck is when to ask again; zero = nobody is dying.
func (l *loop) nextStatusCheck() (next time.Time) {
	for _, d := range l.unreaped {
		next = earliest(next, d.next)
	}
	return next
}
