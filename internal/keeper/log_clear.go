package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"initiator/internal/trustedpath"
)

// clearLogs removes the logs that an order names, and reports the result. The
// events of several orders keep their order, so it waits for the disk: a file
// on a disk that hangs is reported as a fault, and removed when the disk works
// again.
func (l *loop) clearLogs(m *message) {
	e := Event{Kind: KindCleared, GUID: m.GUID}
	faults := make([]error, len(m.Paths))
	for i, path := range m.Paths {
		f, w := l.logs[path], l.writers.forPath(path)
		if w.late.Load() {
			faults[i] = fmt.Errorf("clear log: the disk of %s does not answer; the file was not removed", path)
			continue
		}
		faults[i] = fmt.Errorf("clear log: the disk of %s has not answered for %s; the file will be removed when it does", path, logPatience)
		l.writers.addJob(w, &logJob{
			do:     func() error { return clearLog(path, f) },
			report: func(err error) { faults[i] = err },
		})
	}
	l.awaitLogs()
	if err := errors.Join(faults...); err != nil {
		e.Error = err.Error()
	}
	l.ctl.queueEvent(e)
}

// clearLog removes one file, open or not, as a rotation does: a reader sees
// that another file has the name. A file that is not regular holds no lines and
// is left alone. f is the log in use; nil = none.
func clearLog(path string, f *logFile) error {
	name := filepath.Base(path)
	dir, err := trustedpath.OpenDirOf(path)
	if err == nil {
		defer dir.Close()
		if dir.HasSpecial(name) {
			return nil
		}
	}
	if f != nil {
		f.closeFile()
		f.end = logEnd{}
	}
	if err == nil {
		err = dir.Remove(name)
	}
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if fault, ok := errors.AsType[*os.PathError](err); ok {
		err = fault.Err // the path stands in the message already
	}
	return fmt.Errorf("clear log: remove %s: %w", path, err)
}
