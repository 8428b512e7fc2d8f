package supervise

import (
	"context"
	"errors"
	"slices"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/keeper"
)

var errKeeperLost = errors.New("the keeper was lost and is being replaced: try again")

// logClearing is one request to clear logs. The loop owns it until done is
// closed.
type logClearing struct {
	results []report.Result
	left    int
	done    chan struct{}
}

// pendingClear is a worker's place in a logClearing that waits for the keeper's
// answer. The keeper answers in the order of the requests.
type pendingClear struct {
	*logClearing
	place int
}

// ClearLogs empties the log files of the named workers. Rotated files stay. The
// error is about the request itself; the error of one worker is in its Result,
// for example the text of keeper.ErrOlderKeeper when an older keeper cannot
// clear logs.
func (s *Supervisor) ClearLogs(ctx context.Context, names ...string) ([]report.Result, error) {
	var x *logClearing
	err := s.askLoop(ctx, func(l *loop) (err error) {
		x, err = l.clearLogs(names)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.awaitDone(ctx, x.done); err != nil {
		return nil, err
	}
	return x.results, nil
}

func (l *loop) clearLogs(names []string) (*logClearing, error) {
	chosen, err := l.chooseWorkers(names)
	if err != nil {
		return nil, err
	}
	x := &logClearing{results: make([]report.Result, len(chosen)), left: len(chosen), done: make(chan struct{})}
	if x.left == 0 {
		close(x.done)
	}
	for i, w := range chosen {
		x.results[i].Worker = w.makeView()
		err := errKeeperLost
		if l.keeper != nil {
			err = l.keeper.ClearLogs(w.guid, w.logFiles()...)
		}
		if err != nil {
			x.setResult(i, err.Error())
			continue
		}
		l.pendingClears = append(l.pendingClears, pendingClear{x, i})
	}
	return x, nil
}

// logFiles returns the files to which a worker's output goes.
func (w *worker) logFiles() []string {
	spec := w.rec.Spec
	paths := []string{w.logPath(spec.Stdout)}
	if !spec.RedirectStderr {
		paths = append(paths, w.logPath(spec.Stderr))
	}
	return slices.DeleteFunc(paths, func(path string) bool { return path == "" })
}

func (x *logClearing) setResult(place int, problem string) {
	x.results[place].Error = problem
	if x.left--; x.left == 0 {
		close(x.done)
	}
}

// handleCleared takes the keeper's answer to the oldest request without an
// answer.
func (l *loop) handleCleared(e keeper.Event) {
	if len(l.pendingClears) == 0 {
		return
	}
	first := l.pendingClears[0]
	l.pendingClears = l.pendingClears[1:]
	first.setResult(first.place, strings.TrimPrefix(e.Error, "clear log: "))
}

// failPendingClears ends the requests that a lost keeper will not answer.
func (l *loop) failPendingClears() {
	for _, w := range l.pendingClears {
		w.setResult(w.place, errKeeperLost.Error())
	}
	l.pendingClears = nil
}
