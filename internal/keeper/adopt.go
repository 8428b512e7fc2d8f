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
	return k.order(message{
		Op: opAdopt, GUID: a.GUID, Incarnation: a.Incarnation, Adopt: &a, Snapshot: memo, On: a.Keep, Grace: grace,
	}, nil)
}

// Sync asks for KindSynced, which follows the answers to all that was asked
// before.
func (k *Keeper) Sync() error { return k.order(message{Op: opSync}, nil) }

// dying is an adopted process that has ended and whose parent, whoever that
// is, has not yet waited for it: only then is its status told to others.
type dying struct {
	c     *child
	until time.Time
	next  time.Time
}

const (
	statusPatience = 5 * time.Second
	statusPause    = 2 * time.Millisecond
)

// foster takes a process in.
func (l *loop) foster(m *message) {
	a := m.Adopt
	if len(m.Snapshot) > 0 {
		l.deposit(m)
	}
	k := key{a.GUID, a.Incarnation}
	if l.workers[k] != nil {
		l.warn(k, errors.New("adopt: it is watched already"))
		return
	}
	fd, err := l.handle(a)
	if err != nil {
		l.ctl.event(Event{Kind: KindExited, GUID: a.GUID, Incarnation: a.Incarnation, Code: -1, Unknown: true, Error: fmt.Sprintf("adopt: %v", err)})
		return
	}
	c := &child{key: k, pid: a.PID, start: a.StartTime, keep: a.Keep, cgroup: a.CgroupDir, pidfd: fd}
	l.workers[k], l.byPID[a.PID] = c, c
	e := Event{Kind: KindAdopted, GUID: a.GUID, Incarnation: a.Incarnation, PID: c.pid, StartTime: c.start}
	e.HasSocket = l.regain(c, a.Listening)
	e.Error = l.recapture(c, a)
	l.members(c) // what is below it now is known later
	l.ctl.event(e)
	if err := l.watchFD(fd, adopted{c}); err != nil {
		l.warn(k, err)
	}
}

// handle opens the process and makes sure that it is the one that is meant.
func (l *loop) handle(a *AdoptOrder) (fd int, err error) {
	fd, err = pidfdOpen(a.PID)
	if err != nil {
		return -1, err
	}
	if l.crowded(fd) {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d: %s", a.PID, tooManyFiles)
	}
	if p, ok := statOf(a.PID); !ok || p.dead || p.start != a.StartTime {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d is not the one that was meant, or has ended", a.PID)
	}
	return fd, nil
}

// recapture opens the reading ends of its output pipes again. The pipes live as
// long as the process has them; what it wrote meanwhile is lost, and a process
// that did not mind SIGPIPE has died of it.
func (l *loop) recapture(c *child, a *AdoptOrder) (lost string) {
	names := []string{"stdout", "stderr"}
	for i, to := range []Log{a.Stdout, a.Stderr} {
		if i == 1 && a.RedirectStderr {
			break
		}
		fd, err := reopenPipe(c.pid, i+1)
		if err == nil && l.crowded(fd) {
			unix.Close(fd)
			err = errors.New(tooManyFiles)
		}
		if err != nil {
			lost += fmt.Sprintf("its %s cannot be read any more (%v); ", names[i], err)
			continue
		}
		c.streams = append(c.streams, l.capture(c, fd, names[i], to))
	}
	return lost
}

// regain takes a copy of its listening socket, so that clients wait in the
// backlog while it restarts, as before.
func (l *loop) regain(c *child, number int) bool {
	if number <= 0 {
		return false
	}
	fd, err := listenerOf(c.pidfd, number)
	if err != nil {
		return false
	}
	if l.crowded(fd) {
		unix.Close(fd)
		return false
	}
	l.release(c.guid)
	l.held[c.guid] = fd
	return true
}

// signalAdopted signals one after the other through handles. A group could by
// now be another's: we do not wait for its leader, so its number may be given
// away before we hear of its end.
func (l *loop) signalAdopted(c *child, members []process, sig unix.Signal) {
	if !c.exited {
		signalHandle(c.pidfd, sig)
	}
	for _, p := range members {
		signalProcess(p, sig)
	}
}

// adopted waits for the end of a process that is not our child.
type adopted struct{ *child }

func (a adopted) ready(l *loop) {
	l.unwatch(a.pidfd)
	now := time.Now()
	l.dying = append(l.dying, dying{c: a.child, until: now.Add(statusPatience), next: now})
	l.mourn(now)
}

// mourn asks how those that are dying have ended, until the kernel says so or
// it takes too long.
func (l *loop) mourn(now time.Time) {
	still := l.dying[:0]
	var ended []exit
	for _, d := range l.dying {
		status, known := exitStatus(d.c)
		if !known && now.Before(d.until) {
			d.next = now.Add(statusPause)
			still = append(still, d)
			continue
		}
		unix.Close(d.c.pidfd)
		if l.byPID[d.c.pid] == d.c { // its number may be a child's of ours by now
			delete(l.byPID, d.c.pid)
		}
		d.c.exited = true
		ended = append(ended, exit{c: d.c, status: status, unknown: !known})
	}
	l.dying = still
	if len(ended) == 0 {
		return
	}
	l.scanned = nil
	for _, e := range ended {
		l.reportExit(e)
	}
	l.settle(now)
}

// dyingNext is when to ask again; zero = nobody is dying.
func (l *loop) dyingNext() (next time.Time) {
	for _, d := range l.dying {
		next = earlier(next, d.next)
	}
	return next
}
