package statedir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// Check tells whether the directory is still at its path, and notices when it is put
// back.
func TestCheckNoticesALostDirectory(t *testing.T) {
	t.Parallel()
	for problem, change := range map[string]func(path string) error{
		"was removed or renamed":            os.RemoveAll,
		"was replaced by another directory": func(path string) error { return errors.Join(os.Rename(path, path+".old"), os.Mkdir(path, 0o700)) },
	} {
		d, err := Open(filepath.Join(t.TempDir(), "state"), Options{Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Check(); err != nil {
			t.Errorf("before: %v", err)
		}
		if err := change(d.Path()); err != nil {
			t.Fatal(err)
		}
		var gone *store.GoneError
		if err := d.Check(); !errors.As(err, &gone) || gone.Problem != problem || gone.Path != d.Path() {
			t.Errorf("%v, want %q", err, problem)
		}
	}
	d := openTestDir(t)
	if err := os.Rename(d.Path(), d.Path()+".old"); err != nil || d.Check() == nil {
		t.Errorf("%v, %v", err, d.Check())
	}
	if err := os.Rename(d.Path()+".old", d.Path()); err != nil || d.Check() != nil {
		t.Errorf("put back: %v, %v", err, d.Check())
	}
}

// Nothing is written to or removed from a directory that has taken the path.
func TestAnotherDirectoryIsNotTouched(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	snapshots := d.NewSnapshotStore(nil)
	paused, err := d.ReadPausedPools()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(d.Path(), d.Path()+".old"), os.MkdirAll(filepath.Join(d.Path(), snapshotsName), 0o700)); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(d.Path(), snapshotsName, "other.json")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	snapshots.SaveSnapshot("a", 1, 2, 3, []byte("{}"))
	snapshots.writePending()
	d.NewLastKnownWriter(nil).Write(LastKnownState{Version: 1})
	snapshots.RemoveUnknown(nil)
	if err := errors.Join(d.WriteAPIPort(1), paused.Set([]string{"a"}, true), snapshots.RemoveAll(), d.NoteDamage(queue.Damage{})); err != nil {
		t.Error(err)
	}
	if _, err := d.AcceptDamage(); err != nil {
		t.Error(err)
	}
	if _, _, err := d.LoadToken(); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(d.Path()); err != nil || len(list) != 1 {
		t.Errorf("the other directory has %v, %v", list, err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

// Small files and the lock that were removed are made again as they were.
func TestRestoreFiles(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	token, _, err := d.LoadToken()
	if err != nil {
		t.Fatal(err)
	}
	snapshots := d.NewSnapshotStore(nil)
	snapshots.SaveSnapshot("a", 1, 2, 3, []byte("{}"))
	snapshots.SaveSnapshot("b", 1, 2, 3, []byte("{}"))
	snapshots.writePending()
	snapshots.DeleteSnapshot("b")
	snapshots.writePending()
	if err := d.WriteAPIPort(77); err != nil {
		t.Fatal(err)
	}
	if names, err := d.RestoreFiles(); err != nil || len(names) != 0 {
		t.Errorf("restored %q, %v, although nothing was removed", names, err)
	}
	for _, name := range []string{lockName, tokenName, apiAddressName, snapshotsName} {
		if err := os.RemoveAll(filepath.Join(d.Path(), name)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := d.RestoreFiles()
	if want := []string{apiAddressName, "kept/a.json", lockName, tokenName}; err != nil || !slices.Equal(names, want) {
		t.Errorf("restored %q, %v, want %q", names, err, want)
	}
	if port, err := ReadAPIPort(d.Path()); err != nil || port != 77 {
		t.Errorf("port %d, %v", port, err)
	}
	if again, _, err := d.LoadToken(); err != nil || again != token {
		t.Errorf("token %q, %v, want %q", again, err, token)
	}
	if _, err := Open(d.Path(), Options{Version: "test"}); err == nil || !strings.Contains(err.Error(), "in use by another initiator") {
		t.Errorf("a second Open: %v", err)
	}
}

// A verb makes no state directory.
func TestOpenLeavesNoDirectoryBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "absent")
	if _, err := OpenStopped(path, "test"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("OpenStopped has made the directory")
	}
}

// A small file that is a link is refused with the reason.
func TestLinkIsNoSmallFile(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	elsewhere := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(elsewhere, []byte(strings.Repeat("x", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(d.Path(), tokenName)); err != nil {
		t.Fatal(err)
	}
	if token, _, err := d.LoadToken(); err == nil || !strings.Contains(err.Error(), "it is a link") {
		t.Errorf("token %q, %v", token, err)
	}
}
