package supervise

import (
	"context"
	"errors"
	"slices"
	"strings"

	"initiator/internal/keeper"
)

var errKeeperLost = errors.New("the keeper was lost and is being replaced: try again")

// wipe is one request to empty logs. The loop owns it until done is closed.
type wipe struct {
	results []Result
	left    int
	done    chan struct{}
}

// wipePlace is a place in a wipe that waits for the keeper's word. The keeper
// answers in the order in which it was asked.
type wipePlace struct {
	*wipe
	place int
}

// ClearLogs removes what the named workers have written: the files of their logs,
// but not those that were rotated away before. The error is of the request
// itself; a worker's is in its Result, which is keeper.ErrOlderKeeper's where the
// keeper cannot.
func (s *Supervisor) ClearLogs(ctx context.Context, names ...string) ([]Result, error) {
	var x *wipe
	err := s.ask(ctx, func(l *loop) (err error) {
		x, err = l.clear(names)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, x.done); err != nil {
		return nil, err
	}
	return x.results, nil
}

func (l *loop) clear(names []string) (*wipe, error) {
	chosen, err := l.choose(names)
	if err != nil {
		return nil, err
	}
	x := &wipe{results: make([]Result, len(chosen)), left: len(chosen), done: make(chan struct{})}
	if x.left == 0 {
		close(x.done)
	}
	for i, w := range chosen {
		x.results[i].Worker = w.view()
		err := errKeeperLost
		if l.keeper != nil {
			err = l.keeper.ClearLogs(w.guid, w.logFiles()...)
		}
		if err != nil {
			x.settle(i, err.Error())
			continue
		}
		l.wiping = append(l.wiping, wipePlace{x, i})
	}
	return x, nil
}

// logFiles are the files that hold what a worker writes.
func (w *worker) logFiles() []string {
	spec := w.rec.Spec
	paths := []string{w.logTo(spec.Stdout).Path}
	if !spec.RedirectStderr {
		paths = append(paths, w.logTo(spec.Stderr).Path)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return path == "" })
}

func (x *wipe) settle(place int, problem string) {
	x.results[place].Error = problem
	if x.left--; x.left == 0 {
		close(x.done)
	}
}

// wipedBy takes the keeper's answer to the oldest order that has none.
func (l *loop) wipedBy(e keeper.Event) {
	if len(l.wiping) == 0 {
		return
	}
	first := l.wiping[0]
	l.wiping = l.wiping[1:]
	first.settle(first.place, strings.TrimPrefix(e.Error, "clear log: "))
}

// unwiped ends the wait for a keeper that is gone.
func (l *loop) unwiped() {
	for _, w := range l.wiping {
		w.settle(w.place, errKeeperLost.Error())
	}
	l.wiping = nil
}
