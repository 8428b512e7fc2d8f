package initiator

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
)

// TestLedgerThatCannotBeWritten says so once, and catches up when it can be.
func TestLedgerThatCannotBeWritten(t *testing.T) {
	state := t.TempDir()
	var said bytes.Buffer
	l := newLedger(state, hclog.New(&hclog.LoggerOptions{Output: &said}))
	l.boot = "this"
	if err := os.WriteFile(l.dir, nil, 0o600); err != nil { // in the way of the directory
		t.Fatal(err)
	}
	for range 3 {
		l.SaveSnapshot("a", 1, 10, 100, []byte(`{"n":1}`))
		l.flush()
	}
	if n := strings.Count(said.String(), "cannot be noted"); n != 1 {
		t.Errorf("said %d times: %s", n, said.String())
	}
	if err := os.Remove(l.dir); err != nil {
		t.Fatal(err)
	}
	l.SaveSnapshot("b", 2, 20, 200, []byte(`{"n":2}`))
	l.flush()
	list, err := readLedger(state, "this")
	if err != nil || len(list) != 2 || list[0].GUID != "a" || list[1].PID != 20 || string(list[1].Snapshot) != `{"n":2}` {
		t.Errorf("read %+v, %v", list, err)
	}
	if !strings.Contains(said.String(), "can be noted again") {
		t.Errorf("said %s", said.String())
	}
}

// TestLedgerIsOfThisBoot, private, and without those of whom nobody knows.
func TestLedgerIsOfThisBoot(t *testing.T) {
	state := t.TempDir()
	l := newLedger(state, hclog.NewNullLogger())
	l.boot = "this"
	l.SaveSnapshot("a", 1, 10, 100, []byte(`{}`))
	l.SaveSnapshot("b", 1, 11, 101, []byte(`{}`))
	l.SaveSnapshot("c", 1, 12, 102, []byte(`{}`))
	l.DeleteSnapshot("c")
	l.flush()
	for boot, want := range map[string]int{"this": 2, "another": 0, "": 0} {
		if list, err := readLedger(state, boot); err != nil || len(list) != want {
			t.Errorf("boot %q: %+v, %v", boot, list, err)
		}
	}
	info, err := os.Stat(filepath.Join(l.dir, "a.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	l.prune([]keeper.KeptWorker{{GUID: "b"}})
	if list, err := readLedger(state, "this"); err != nil || len(list) != 1 || list[0].GUID != "b" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := os.Rename(filepath.Join(l.dir, "b.json"), filepath.Join(l.dir, "x.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := readLedger(state, "this"); err == nil || !strings.Contains(err.Error(), "safe to delete") {
		t.Errorf("a file of another name: %v", err)
	}
}

// FuzzReadLedger: whatever is in a file, it is read or refused.
func FuzzReadLedger(f *testing.F) {
	f.Add([]byte(`{"version":1,"what":"initiator worker","boot":"b","guid":"w","incarnation":1,"pid":1,"start":2,"memo":{}}`))
	f.Add([]byte(`{"version":2,"what":"initiator worker"}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		state := t.TempDir()
		dir := filepath.Join(state, ledgerName)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "w.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := readLedger(state, "b")
		if err == nil && len(list) > 0 && list[0].GUID != "w" {
			t.Errorf("%q became %+v", text, list)
		}
	})
}
