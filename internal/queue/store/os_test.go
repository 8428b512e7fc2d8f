package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"initiator/internal/queue/store"
)

// TestOSImplementsDir uses a directory of the operating system as the store does.
func TestOSImplementsDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	d := store.OS(path)
	if names, err := d.ListNames(); err != nil || len(names) != 0 {
		t.Errorf("an absent directory has %v, %v", names, err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, d, store.Options{})
	mustWrite(t, s, "one", "two")
	info, err := os.Stat(filepath.Join(path, "tasks.00000001.log"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	f, err := d.OpenFile("tasks.00000001.log", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenFile("tasks.00000001.log", true); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made again: %v", err)
	}
	if err := errors.Join(f.Sync(), d.SyncNames(), f.Close()); err != nil {
		t.Error(err)
	}
	if err := f.Sync(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("sync of a closed file: %v", err)
	}
}
