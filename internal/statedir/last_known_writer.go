package statedir

import (
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/supervise"
)

const (
	// lastKnownInterval is the least time between two writes. A worker that
	// flaps costs five writes a second.
	lastKnownInterval = 200 * time.Millisecond
	// crashSeqGap is added to the number of the newest event in the file after a
	// crash: more events than can have happened since the file was written. So no
	// number is ever used twice, and `events --since N` misses nothing.
	crashSeqGap = 1_000_000
)

// LastKnownWriter writes the last known state. A goroutine of its own writes
// (Run), because a disk can be slow and the supervisor's loop must not wait for
// it.
type LastKnownWriter struct {
	dir    *Dir
	log    hclog.Logger
	dirty  chan struct{} // holds one token while there is something to write
	broken bool          // the last write has failed, and the log says so
}

// NewLastKnownWriter makes a writer. Run has to be started for it to write.
func (d *Dir) NewLastKnownWriter(log hclog.Logger) *LastKnownWriter {
	return &LastKnownWriter{dir: d, log: log, dirty: make(chan struct{}, 1)}
}

// LoadPrevious reads the file of the initiator before this one. Seq is the number
// after which the events of this initiator are numbered. Crashed has the workers
// of an initiator that did not end in order. With upgraded, the initiator before
// was an earlier program of this process, which wrote the file as its last action.
// A file that cannot be used does not stop the start: it is set aside for a person
// to look at. left are the processes that workers of any initiator before have
// left and that no initiator ends.
func (w *LastKnownWriter) LoadPrevious(upgraded bool) (seq uint64, crashed []supervise.LeftWorker, left []report.LeftProcess) {
	state, err := ReadLastKnownState(w.dir.path)
	var bad *LastKnownStateError
	switch {
	case errors.As(err, &bad):
		w.log.Warn(err.Error() + ". Events are numbered from 1 again")
		if err := w.dir.root.Rename(LastKnownName, LastKnownName+setAsideSuffix); err != nil {
			w.log.Warn("set the state file aside", "error", err)
		}
		return 0, nil, nil
	case err != nil: // there is no file
		return 0, nil, nil
	}
	left = state.LeftInBoot(CurrentBoot())
	if state.Ended || upgraded {
		return state.Seq, nil, left
	}
	return state.Seq + crashSeqGap, state.leftWorkers(CurrentBoot()), left
}

// RequestWrite asks for a write. It never blocks.
func (w *LastKnownWriter) RequestWrite() {
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// Run writes the result of current after each request, at most every
// lastKnownInterval, until stop is closed.
func (w *LastKnownWriter) Run(current func() LastKnownState, stop <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-stop:
			return
		}
		select {
		case <-w.dirty:
		case <-stop:
			return
		}
		w.Write(current())
		pause.Reset(lastKnownInterval)
	}
}

// Write replaces the file. It must not be called while Run runs. The file is not
// synced: an older file after a crash of the machine does no harm, and a torn
// file is recognised.
func (w *LastKnownWriter) Write(state LastKnownState) {
	err := w.dir.writeFile(LastKnownName, state)
	if err != nil && !w.broken {
		w.log.Warn("write the state file; `status` after a crash will show an older one", "error", err)
	}
	w.broken = err != nil
}
