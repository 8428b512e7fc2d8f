package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"initiator/internal/queue/store"
)

const (
	first  = "tasks.00000001.log"
	second = "tasks.00000002.log"
)

// openOSDir opens a store in a directory of the operating system that has two
// segments.
func openOSDir(t *testing.T, sync store.Sync) (s *store.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s, _ = open(t, &store.OpenDir{Root: root, Path: path}, store.Options{Sync: sync, SegmentSize: 100})
	mustWrite(t, s, "one")
	mustWrite(t, s, "a record that makes the segment long enough for the next segment to be begun")
	mustWrite(t, s, "two")
	if _, err := os.Stat(filepath.Join(path, second)); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// A batch is not acknowledged when its file was removed, in whatever way batches are
// synced.
func TestRemovedSegmentRefusesBatches(t *testing.T) {
	t.Parallel()
	for _, sync := range []store.Sync{{}, {Off: true}, {Every: time.Hour}} {
		s, path := openOSDir(t, sync)
		if err := os.Remove(filepath.Join(path, second)); err != nil {
			t.Fatal(err)
		}
		for range 3 { // also when it is tried again, which begins the next segment
			var gone *store.GoneError
			if _, err := write(s, "lost"); !errors.As(err, &gone) || gone.Path != filepath.Join(path, second) {
				t.Errorf("sync = %s: %v", sync, err)
			}
		}
		if _, err := os.Stat(filepath.Join(path, "tasks.00000003.log")); err == nil {
			t.Errorf("sync = %s: a file has taken the place of the removed file", sync)
		}
	}
}

// CheckFiles finds every segment that is not at its name, and none that the store
// has removed itself.
func TestCheckFiles(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(path string) error{
		"removed": os.Remove,
		"renamed": func(path string) error { return os.Rename(path, path+".old") },
		"a link": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.Symlink(path+".old", path))
		},
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	} {
		s, path := openOSDir(t, store.Sync{})
		if err := s.CheckFiles(); err != nil {
			t.Errorf("before: %v", err)
		}
		if err := change(filepath.Join(path, first)); err != nil {
			t.Fatal(err)
		}
		var gone *store.GoneError
		if err := s.CheckFiles(); !errors.As(err, &gone) || gone.Path != filepath.Join(path, first) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s, _ := openOSDir(t, store.Sync{})
	if err := s.RemoveSegment(s.WalkOldest()); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckFiles(); err != nil {
		t.Errorf("after RemoveSegment: %v", err)
	}
}

// A link is not a task file, wherever it leads.
func TestLinkIsNoSegment(t *testing.T) {
	t.Parallel()
	_, path := openOSDir(t, store.Sync{})
	file := filepath.Join(path, second)
	if err := errors.Join(os.Rename(file, file+".old"), os.Symlink(filepath.Base(file)+".old", file)); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := store.Open(&store.OpenDir{Root: root, Path: path}, store.Options{}, func(store.Place, []byte) error { return nil }); err == nil {
		t.Error("it was read")
	}
}
