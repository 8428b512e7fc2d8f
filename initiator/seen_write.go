package initiator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	// seenEvery is the least time between two writings of the state file. A
	// worker that flaps costs five a second.
	seenEvery = 200 * time.Millisecond
	// seenGap is added to the newest number in the file after a crash: more
	// events than can have happened since it was written. So no number ever
	// comes twice, and `events --since N` misses nothing.
	seenGap = 1_000_000
)

// lastSeen writes the state file, in a goroutine of its own, because disks can
// be slow and the supervisor's loop must not be.
type lastSeen struct {
	dir    string
	log    hclog.Logger
	dirty  chan struct{} // holds one token while there is something to write
	broken bool          // the last writing has failed, and it was said
	left   []string      // the guids of an initiator that did not end, but died
}

func newLastSeen(dir string, log hclog.Logger) *lastSeen {
	return &lastSeen{dir: dir, log: log, dirty: make(chan struct{}, 1)}
}

// changed asks for a writing; it never blocks.
func (s *lastSeen) changed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// first is the number after which events are to go on. A file that cannot be
// used stops nobody: it is set aside, where it can be looked at.
func (s *lastSeen) first() uint64 {
	seen, err := ReadLastSeen(s.dir)
	var bad *SeenError
	switch {
	case errors.As(err, &bad):
		s.log.Warn(err.Error())
		if err := os.Rename(bad.Path, bad.Path+".refused"); err != nil {
			s.log.Warn("set the state file aside", "error", err)
		}
		return 0
	case err != nil: // there is none
		return 0
	case seen.Ended:
		return seen.Seq
	}
	for _, w := range seen.Workers {
		s.left = append(s.left, w.GUID)
	}
	return seen.Seq + seenGap
}

// run writes what look gives, after each change and not too often, until over.
func (s *lastSeen) run(look func() LastSeen, over <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-over:
			return
		}
		select {
		case <-s.dirty:
		case <-over:
			return
		}
		s.write(look())
		pause.Reset(seenEvery)
	}
}

// write replaces the file as a whole. It is not synced: what a crash of the
// machine takes away is no worse than an older one, and a torn file is seen.
func (s *lastSeen) write(seen LastSeen) {
	err := replace(filepath.Join(s.dir, seenName), seen)
	if err != nil && !s.broken {
		s.log.Warn("write the state file; `status` after a crash will show an older one", "error", err)
	}
	s.broken = err != nil
}

func replace(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		_ = os.Remove(next) // it may be half a file on a full disk
		return err
	}
	if err := os.Rename(next, path); err != nil && !errors.Is(err, fs.ErrNotExist) { // the directory was taken away
		return err
	}
	return nil
}

// look is what is written: the newest number is read before the workers, so
// that it never promises more than they show.
func (in *Initiator) look(ended bool) LastSeen {
	seen := LastSeen{Version: seenVersion, At: time.Now(), Ended: ended, PID: os.Getpid(), Seq: in.journal.newest()}
	workers := in.supervisor.Workers()
	seen.Workers = make([]SeenWorker, 0, len(workers))
	for _, w := range workers {
		seen.Workers = append(seen.Workers, seenOf(w))
	}
	return seen
}

// remember writes the state file until the returned function is called, which
// writes the last one.
func (in *Initiator) remember() (last func()) {
	over := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in.lastSeen.run(func() LastSeen { return in.look(false) }, over)
	}()
	return func() {
		close(over)
		<-ended
		in.lastSeen.write(in.look(true))
	}
}
