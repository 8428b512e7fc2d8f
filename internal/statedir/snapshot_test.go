package statedir

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
)

// A store that cannot write says so once, and catches up when it can.
func TestSnapshotsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	var log bytes.Buffer
	s := d.NewSnapshotStore(hclog.New(&hclog.LoggerOptions{Output: &log}))
	s.boot = "this"
	if err := os.WriteFile(filepath.Join(d.Path(), snapshotsName), nil, 0o600); err != nil { // in the way of the directory
		t.Fatal(err)
	}
	for range 3 {
		s.SaveSnapshot("a", 1, 10, 100, []byte(`{"n":1}`))
		s.writePending()
	}
	if n := strings.Count(log.String(), "cannot be written"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
	if err := os.Remove(filepath.Join(d.Path(), snapshotsName)); err != nil {
		t.Fatal(err)
	}
	s.SaveSnapshot("b", 2, 20, 200, []byte(`{"n":2}`))
	s.writePending()
	list, err := ReadSnapshots(d.Path(), "this")
	if err != nil || len(list) != 2 || list[0].GUID != "a" || list[1].PID != 20 || string(list[1].Snapshot) != `{"n":2}` {
		t.Errorf("read %+v, %v", list, err)
	}
	if !strings.Contains(log.String(), "can be written again") {
		t.Errorf("logged %s", log.String())
	}
}

// Snapshots are valid for one boot, private, and removed when the worker was not
// found.
func TestSnapshotsOfThisBoot(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	s := d.NewSnapshotStore(hclog.NewNullLogger())
	s.boot = "this"
	s.SaveSnapshot("a", 1, 10, 100, []byte(`{}`))
	s.SaveSnapshot("b", 1, 11, 101, []byte(`{}`))
	s.SaveSnapshot("c", 1, 12, 102, []byte(`{}`))
	s.DeleteSnapshot("c")
	s.writePending()
	for boot, want := range map[string]int{"this": 2, "another": 0, "": 0} {
		if list, err := ReadSnapshots(d.Path(), boot); err != nil || len(list) != want {
			t.Errorf("boot %q: %+v, %v", boot, list, err)
		}
	}
	info, err := os.Stat(filepath.Join(d.Path(), snapshotsName, "a.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	s.RemoveUnknown([]keeper.KeptWorker{{GUID: "b"}})
	if list, err := ReadSnapshots(d.Path(), "this"); err != nil || len(list) != 1 || list[0].GUID != "b" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := os.Rename(filepath.Join(d.Path(), snapshotsName, "b.json"), filepath.Join(d.Path(), snapshotsName, "x.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSnapshots(d.Path(), "this"); err == nil || !strings.Contains(err.Error(), "safe to delete") {
		t.Errorf("a file of another name: %v", err)
	}
}

// Whatever is in a snapshot, it is read or refused.
func FuzzReadSnapshots(f *testing.F) {
	f.Add([]byte(`{"version":1,"what":"initiator worker","boot":"b","guid":"w","incarnation":1,"pid":1,"start":2,"memo":{}}`))
	f.Add([]byte(`{"version":2,"what":"initiator worker"}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		state := t.TempDir()
		dir := filepath.Join(state, snapshotsName)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "w.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := ReadSnapshots(state, "b")
		if err == nil && len(list) > 0 && list[0].GUID != "w" {
			t.Errorf("%q became %+v", text, list)
		}
	})
}
