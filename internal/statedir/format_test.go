package statedir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFormatErrorSaysWhatIsSafe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"version":1,"wh`:                                         "is torn or was damaged",
		`{"version":1,"what":"another file"}`:                      "was not written by this program",
		`{"version":2,"what":"initiator home","written_by":"9.9"}`: "was written by a newer version (9.9, format 2; this one reads 1); run that version",
		`{"version":1,"what":"initiator home","port":"no number"}`: "is damaged",
	} {
		d := openTestDir(t)
		path := filepath.Join(d.Path(), apiAddressName)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadAPIPort(d.Path())
		var bad *FormatError
		if !errors.As(err, &bad) || bad.Path != path || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "it is safe to delete") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestDirIsLockedAndKeepsItsToken(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	if _, err := Open(d.Path(), Options{Version: "test"}); err == nil || !strings.Contains(err.Error(), "in use by another initiator (pid ") {
		t.Errorf("a second Open: %v", err)
	}
	token, _, err := d.LoadToken()
	if err != nil || len(token) < 32 {
		t.Fatalf("token %q, %v", token, err)
	}
	if again, _, err := d.LoadToken(); err != nil || again != token {
		t.Errorf("token %q, %v; want %q", again, err, token)
	}
	d.Close()
	next, err := Open(d.Path(), Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	next.Close()
}

func TestPausedPoolsAndTicksAreStored(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	paused, err := d.ReadPausedPools()
	if err != nil || paused.Contains("a") {
		t.Fatalf("%v, %v", paused, err)
	}
	for _, change := range []struct {
		names  []string
		paused bool
	}{{[]string{"a", "b", "c"}, true}, {[]string{"b", "d"}, false}} {
		if err := paused.Set(change.names, change.paused); err != nil {
			t.Fatal(err)
		}
	}
	again, err := d.ReadPausedPools()
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "d": false} {
		if err != nil || again.Contains(name) != want {
			t.Errorf("%s paused: %v, %v", name, !want, err)
		}
	}
	ticks, err := d.ReadScheduleTicks()
	if err != nil || len(ticks.Last) != 0 {
		t.Fatalf("%v, %v", ticks, err)
	}
	at := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	ticks.Last["nightly"] = at
	if err := ticks.Write(); err != nil {
		t.Fatal(err)
	}
	if ticks, err = d.ReadScheduleTicks(); err != nil || !ticks.Last["nightly"].Equal(at) {
		t.Errorf("%v, %v", ticks, err)
	}
}
