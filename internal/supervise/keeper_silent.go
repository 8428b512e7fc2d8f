package supervise

import (
	"fmt"
	"time"
)

const (
	// keeperPatience is how long the keeper may take for an answer until it counts
	// as silent. Time in which this process did not run does not count.
	keeperPatience = 5 * time.Second
	// keeperAskInterval is the time between an answer and the next question.
	keeperAskInterval = 2 * time.Second
)

// keeperWatch knows whether the keeper answers. The caller asks the keeper when
// isDue says so, and reports what follows. The zero value asks at once. It is pure.
type keeperWatch struct {
	asked    time.Time // when the question was sent that has no answer; zero = none
	answered time.Time // when the last answer came
	silent   bool      // the keeper has not answered within keeperPatience
}

// isDue reports whether the keeper is to be asked.
func (w *keeperWatch) isDue(now time.Time) bool {
	return w.asked.IsZero() && now.Sub(w.answered) >= keeperAskInterval
}

// noteAnswer notes an answer. It reports whether the keeper was silent before.
func (w *keeperWatch) noteAnswer(now time.Time) (was bool) {
	was = w.silent
	*w = keeperWatch{answered: now}
	return was
}

// noteGap notes that this process did not run before now: the keeper may not have
// run either, and gets its whole time again.
func (w *keeperWatch) noteGap(now time.Time) {
	if !w.asked.IsZero() {
		w.asked = now
	}
}

// turnsSilent reports, once, that the keeper is silent.
func (w *keeperWatch) turnsSilent(now time.Time) bool {
	if w.silent || w.asked.IsZero() || now.Sub(w.asked) < keeperPatience {
		return false
	}
	w.silent = true
	return true
}

// watchKeeper asks the keeper from time to time, and reports when it does not
// answer. The keeper of a supervisor that is being killed is then killed: no order
// reaches it, and its workers end with it.
func (l *loop) watchKeeper() {
	if l.keeper == nil || l.quiescing != nil || l.quiesced {
		return
	}
	if l.watch.isDue(l.now) {
		l.watch.asked = l.now
		_ = l.syncKeeper(l.noteKeeperAnswer) // the keeper has gone, and KindLost follows
	}
	if l.watch.turnsSilent(l.now) {
		l.log.Error(l.keeperSilence())
		l.reportKeeperSilence(l.keeperSilence())
	}
	if l.watch.silent && l.killing && l.killedKeeper != l.keeper {
		l.log.Warn("killing the keeper, which does not answer, and its workers with it", "pid", l.keeper.PID())
		_ = l.keeper.Kill() // it has gone, or KindLost follows
		l.killedKeeper = l.keeper
	}
}

// keeperSilence describes a keeper that does not answer; "" = it answers.
func (l *loop) keeperSilence() string {
	if !l.watch.silent || l.keeper == nil {
		return ""
	}
	pid := l.keeper.PID()
	return fmt.Sprintf("the keeper (pid %d) has not answered for %s: until it does, the ends of processes are not seen, and starts and stops wait; look at its state with ps -o stat= -p %d (T = it was stopped: kill -CONT %d; D = a disk hangs), or end everything with a second Ctrl-C or initiator shutdown --kill", pid, keeperPatience, pid, pid)
}

// syncKeeper calls answered when the keeper has answered all orders up to now.
func (l *loop) syncKeeper(answered func()) error {
	if err := l.keeper.Sync(); err != nil {
		return err
	}
	l.syncs = append(l.syncs, answered)
	return nil
}

// handleSynced takes the keeper's answer to the oldest question.
func (l *loop) handleSynced() {
	if len(l.syncs) == 0 {
		return
	}
	answered := l.syncs[0]
	l.syncs = l.syncs[1:]
	answered()
}

func (l *loop) noteKeeperAnswer() {
	if l.watch.noteAnswer(l.now) {
		l.log.Info("the keeper answers again", "pid", l.keeper.PID())
		l.reportKeeperSilence("")
	}
}

// forgetKeeperWatch begins anew: the keeper is gone.
func (l *loop) forgetKeeperWatch() {
	l.syncs = nil
	if l.watch.noteAnswer(l.now) {
		l.reportKeeperSilence("")
	}
}

func (l *loop) reportKeeperSilence(reason string) {
	if l.opts.OnKeeperSilence != nil {
		l.opts.OnKeeperSilence(reason)
	}
}
