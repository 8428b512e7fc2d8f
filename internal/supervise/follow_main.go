package supervise

import (
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
)

// The pidfile of a worker is read while the main process is awaited, beside the
// loop, because a file system can hang.

const (
	// firstPIDFileInterval is the time between the first two looks at a pidfile. It
	// doubles with each look.
	firstPIDFileInterval = 5 * time.Millisecond
	maxPIDFileInterval   = 250 * time.Millisecond
)

// mainFollower is the goroutine that looks into the pidfile of one worker.
type mainFollower struct {
	stop    chan struct{} // closed by stopFollower
	refusal string        // why the pidfile names no main process, when it was looked at last
}

// followMain begins to look into the pidfile of a worker, unless that has begun. The
// table ends the search at Record.MainDeadline.
func (l *loop) followMain(w *worker) {
	path := l.pidFile(w)
	switch {
	case path == "": // the key was removed
		l.giveUpMain(w)
		return
	case w.follower != nil:
		return
	}
	f := &mainFollower{stop: make(chan struct{})}
	w.follower = f
	l.helpers.Go(func() {
		pollPIDFile(f.stop, path, func(pid int, problem string) {
			l.box.Put(func(l *loop) { l.offerMain(w, f, pid, problem) })
		})
	})
}

// pollPIDFile reports what a pidfile holds, again and again, until stop is closed.
func pollPIDFile(stop <-chan struct{}, path string, report func(pid int, problem string)) {
	interval := firstPIDFileInterval
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
			report(readPIDFile(path))
			timer.Reset(interval)
			interval = min(2*interval, maxPIDFileInterval)
		}
	}
}

// offerMain offers the process that the pidfile names to the keeper.
func (l *loop) offerMain(w *worker, f *mainFollower, pid int, problem string) {
	if w.follower != f || l.keeper == nil {
		return
	}
	if problem != "" {
		f.refusal = problem
		return
	}
	l.logUnsent(l.keeper.ReplaceMain(w.guid, w.rec.Incarnation, pid), "replace the main process of", w)
}

// giveUpMain lets the keeper report the exit of the main process.
func (l *loop) giveUpMain(w *worker) {
	if l.keeper != nil {
		l.logUnsent(l.keeper.ReplaceMain(w.guid, w.rec.Incarnation, 0), "give up the main process of", w)
	}
}

// stopFollower ends the goroutine of a worker whose main process is not awaited.
func (w *worker) stopFollower() {
	if w.follower != nil {
		close(w.follower.stop)
		w.follower = nil
	}
}

// stopFollowers ends the goroutines before the loop ends.
func (l *loop) stopFollowers() {
	for _, w := range l.order {
		w.stopFollower()
	}
}

// mainEvent translates the keeper's answer about a main process into an event of the
// table; false = there is none, because the process was refused.
func (l *loop) mainEvent(w *worker, e keeper.Event, ev *lifecycle.Event) bool {
	if e.Error != "" {
		if w.follower != nil {
			w.follower.refusal = e.Error
		}
		return false
	}
	ev.Kind, ev.PID, ev.Reason = lifecycle.MainReplaced, e.PID, l.pidFile(w)
	if e.Incarnation == w.rec.Incarnation {
		w.startTime = e.StartTime
	}
	return true
}

// explainExit adds to an exit what became of a program that went to the background.
// awaited says that the pidfile was to name its next main process.
func (l *loop) explainExit(w *worker, exit *report.Exit, survivors int) {
	awaited, clean := w.rec.AwaitsMain(), exit.Class == report.ExitClean
	if !awaited && !wentToBackground(&w.rec, *exit, survivors) {
		return
	}
	refusal := ""
	if survivors > 0 && w.follower != nil {
		refusal = w.follower.refusal
	}
	exit.Error = describeBackground(clean, awaited, l.pidFile(w), refusal)
	if !awaited && w.rec.WillLeave(*exit, l.now) {
		exit.Error = backgroundLeft
	}
}

// noteNewMain tells everything that depends on the main process of a worker that it
// was replaced.
func (l *loop) noteNewMain(w *worker) {
	if w.rec.Phase.IsRunning() {
		l.updateLivenessProbe(w)
	}
	if l.opts.OnProcesses != nil {
		l.opts.OnProcesses()
	}
}
