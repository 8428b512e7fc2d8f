package initiator

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"initiator/internal/handover"
)

// stateInterval is the time between two looks at the state directory.
const stateInterval = time.Second

// The names of the problems of the state directory.
const (
	stateDirGone   = "state_dir_gone"
	taskFilesGone  = "task_files_gone"
	stateDirUnsafe = "state_dir_unsafe"
)

// watchState looks at the state directory at every stateInterval until the returned
// function is called, which waits for the last look. A goroutine of its own looks,
// because a disk can be slow.
func (s *server) watchState() (finish func()) {
	return runWriter(func(stop <-chan struct{}) {
		tick := time.NewTicker(stateInterval)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.checkState()
			}
		}
	}, func() {})
}

// checkState notes a state directory or a task file that is gone as a problem. A
// directory that is gone is not made again: the tasks in it would be lost without a
// word. In a directory that is there, small files that were removed are restored.
// A queue in memory loses nothing with the directory.
func (s *server) checkState() {
	gone := s.dir.Check()
	var tasks error
	if s.checkTaskFiles != nil {
		tasks = s.checkTaskFiles() // before the problem is shown: from now on submits are refused
	}
	if !s.config.Ephemeral {
		s.setProblem(stateDirGone, gone)
	}
	if gone != nil {
		return
	}
	s.setProblem(taskFilesGone, tasks)
	s.restoreFiles()
}

// restoreFiles makes files and sockets again that were removed, and says so.
func (s *server) restoreFiles() {
	names, err := s.dir.RestoreFiles()
	socket, err2 := s.api.RestoreSocket()
	if socket {
		names = append(names, socketName)
	}
	path := handover.KeeperSocket(s.StateDir())
	waiting, err3 := s.newest.Load().RestoreHandoverSocket(path)
	if waiting {
		names = append(names, filepath.Base(path))
	}
	if len(names) > 0 {
		s.log.Warn("files of the state directory were removed while the initiator runs, and were made again; no program but the initiator should remove them", "files", strings.Join(names, ", "), "state_dir", s.StateDir())
	}
	err = errors.Join(err, err2, err3)
	if err != nil && !s.restoreFailed {
		s.log.Warn("files of the state directory were removed while the initiator runs, and cannot be made again", "error", err)
	}
	s.restoreFailed = err != nil
}

// setProblem adds the problem of a name with its reason, or removes it when err is
// nil, and logs what is news.
func (s *server) setProblem(name string, err error) {
	switch {
	case err != nil && s.problems.Add(name, err.Error()):
		s.log.Error(err.Error(), "problem", name)
	case err == nil && s.problems.Remove(name):
		s.log.Info("a problem has ended", "problem", name)
	}
}
