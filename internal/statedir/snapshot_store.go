package statedir

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
)

// SnapshotStore writes the snapshots of workers. It implements
// supervise.SnapshotStore. A goroutine of its own writes (Run), because a disk
// can be slow and the supervisor's loop must not wait for it. When a worker
// changes several times in the meantime, only the newest snapshot is written.
type SnapshotStore struct {
	dir    *Dir
	boot   string
	header header
	log    hclog.Logger
	wakeup chan struct{} // holds one token while there is something to write
	broken bool          // the last write has failed, and the log says so

	mu      sync.Mutex
	pending map[string]*snapshotFile // nil = the file is to be removed
}

// NewSnapshotStore makes a store. Run has to be started for it to write.
func (d *Dir) NewSnapshotStore(log hclog.Logger) *SnapshotStore {
	return &SnapshotStore{
		dir: d, boot: CurrentBoot(), header: d.newHeader(snapshotKind), log: log,
		wakeup: make(chan struct{}, 1), pending: map[string]*snapshotFile{},
	}
}

// SaveSnapshot queues the newest state of a worker and returns at once. Pid and
// start identify its process; memo is what the supervisor wants back.
func (s *SnapshotStore) SaveSnapshot(guid string, incarnation, pid int, start uint64, memo []byte) {
	s.queueWrite(guid, &snapshotFile{s.header, s.boot, guid, incarnation, pid, start, memo})
}

// DeleteSnapshot queues the removal of a worker's file and returns at once.
func (s *SnapshotStore) DeleteSnapshot(guid string) { s.queueWrite(guid, nil) }

func (s *SnapshotStore) queueWrite(guid string, f *snapshotFile) {
	s.mu.Lock()
	s.pending[guid] = f
	s.mu.Unlock()
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// Run writes until stop is closed, and then writes what is still pending.
func (s *SnapshotStore) Run(stop <-chan struct{}) {
	for {
		select {
		case <-s.wakeup:
			s.writePending()
		case <-stop:
			s.writePending()
			return
		}
	}
}

// writePending writes every queued change. A change that cannot be written is
// tried again with the next change; the worker runs on.
func (s *SnapshotStore) writePending() {
	s.mu.Lock()
	batch := s.pending
	s.pending = map[string]*snapshotFile{}
	s.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	err := s.dir.root.MkdirAll(snapshotsName, 0o700)
	for guid, f := range batch {
		if failure := s.writeSnapshot(guid, f); failure != nil {
			err = failure
			s.requeueWrite(guid, f)
		}
	}
	switch {
	case err != nil && !s.broken:
		s.log.Warn("the state of a worker with on_initiator_exit = keep cannot be written: when the keeper is killed too, the next initiator does not find the worker", "error", err)
	case err == nil && s.broken:
		s.log.Info("the state of workers with on_initiator_exit = keep can be written again")
	}
	s.broken = err != nil
}

func (s *SnapshotStore) writeSnapshot(guid string, f *snapshotFile) error {
	name := filepath.Join(snapshotsName, guid+".json")
	if f != nil {
		return s.dir.writeFile(name, f)
	}
	return s.dir.removeFile(name)
}

// requeueWrite keeps a change that could not be written, unless a newer one waits.
func (s *SnapshotStore) requeueWrite(guid string, f *snapshotFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, newer := s.pending[guid]; !newer {
		s.pending[guid] = f
	}
}

// RemoveUnknown removes the snapshots of all workers that were not found.
func (s *SnapshotStore) RemoveUnknown(found []keeper.KeptWorker) {
	known := map[string]bool{}
	for _, h := range found {
		known[h.GUID+".json"] = true
	}
	names, _ := fs.ReadDir(s.dir.root.FS(), snapshotsName)
	for _, name := range names {
		if !known[name.Name()] && !strings.HasSuffix(name.Name(), setAsideSuffix) {
			_ = s.dir.root.Remove(filepath.Join(snapshotsName, name.Name())) // a file that stays is of an earlier boot or is refused with its reason
		}
	}
}

// RemoveAll removes all snapshots, when every worker has been stopped.
func (s *SnapshotStore) RemoveAll() error { return s.dir.removeTree(snapshotsName) }
