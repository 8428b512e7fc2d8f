package statedir

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/queue"
)

// writeStateFiles writes every small file, and returns for each a function that reads
// the file and says whether its content is the content that was written.
func writeStateFiles(t *testing.T, d *Dir) map[string]func() (same bool, err error) {
	t.Helper()
	dir := d.Path()
	paused, err := d.ReadPausedPools()
	if err != nil {
		t.Fatal(err)
	}
	ticks, err := d.ReadScheduleTicks()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	ticks.Last["nightly"] = at
	snapshots := d.NewSnapshotStore(hclog.NewNullLogger())
	snapshots.boot = "this"
	snapshots.SaveSnapshot("w", 1, 10, 100, []byte(`{}`))
	snapshots.writePending()
	damage := queue.Damage{Places: []report.Damage{{File: "tasks.00000001.log", From: 52, To: 76, Records: 1, Reason: "the bytes were changed"}}}
	if err := errors.Join(d.WriteAPIPort(4711), paused.Set([]string{"a"}, true), ticks.Write(), d.NoteDamage(damage)); err != nil {
		t.Fatal(err)
	}
	d.NewLastKnownWriter(hclog.NewNullLogger()).Write(NewLastKnownState(7, true, nil, nil))
	return map[string]func() (bool, error){
		"home.json":      func() (bool, error) { port, err := ReadAPIPort(dir); return port == 4711, err },
		"paused.json":    func() (bool, error) { p, err := d.ReadPausedPools(); return p.Contains("a"), err },
		"schedules.json": func() (bool, error) { s, err := d.ReadScheduleTicks(); return s.Last["nightly"].Equal(at), err },
		"kept/w.json": func() (bool, error) {
			list, err := ReadSnapshots(dir, "this")
			return len(list) == 1 && list[0].PID == 10, err
		},
		"damaged.json": func() (bool, error) {
			got, err := d.ReadDamagedTasks()
			return len(got.Places) == 1 && got.Places[0] == damage.Places[0], err
		},
		"workers.json": func() (bool, error) { s, err := ReadLastKnownState(dir); return s.Seq == 7, err },
	}
}

// TestEveryByteOfASmallFile flips each byte of each small file, cuts it at each
// byte, and empties and zeroes it. Then the file is refused, or its content is the
// one that was written.
func TestEveryByteOfASmallFile(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	for name, read := range writeStateFiles(t, d) {
		path := filepath.Join(d.Path(), name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := read(); !same || err != nil {
			t.Fatalf("%s: %v, %v", name, same, err)
		}
		check := func(changed []byte) {
			t.Helper()
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			same, err := read()
			var bad *FormatError
			var badLastKnown *LastKnownStateError
			if err == nil && !same || err != nil && !errors.As(err, &badLastKnown) && (!errors.As(err, &bad) || bad.Newer) {
				t.Fatalf("%s became %q: same %v, %v", name, changed, same, err)
			}
		}
		for at := range text {
			changed := bytes.Clone(text)
			changed[at] ^= 1 << (at % 8)
			check(changed)
			check(text[:at])
		}
		check(nil)
		check(make([]byte, len(text)))
	}
}

// TestDamagedFilesAreSetAside damages every small file. SetAside renames each and
// says what is lost. A file that a newer program has written stays.
func TestDamagedFilesAreSetAside(t *testing.T) {
	t.Parallel()
	for name, loss := range map[string]string{
		"home.json":      "the API takes a new port",
		"paused.json":    "EVERY POOL HANDS OUT ITS TASKS",
		"schedules.json": "a tick that was missed is not made up",
		"kept/w.json":    "the worker is started anew",
		"damaged.json":   "which task files were damaged before is unknown",
	} {
		d := openTestDir(t)
		read := writeStateFiles(t, d)[name]
		path := filepath.Join(d.Path(), name)
		text, _ := os.ReadFile(path)
		if err := os.WriteFile(path, text[:len(text)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := read()
		list, rest := d.SetAside(errors.Join(nil, errors.Join(err, nil)))
		if rest != nil || len(list) != 1 || !strings.Contains(list[0].Reason, loss) || !strings.Contains(list[0].Reason, filepath.Base(name)+".refused") {
			t.Errorf("%s: %+v, %v", name, list, rest)
		}
		if _, err := os.Stat(path + ".refused"); err != nil {
			t.Error(err)
		}
		if _, err := read(); err != nil {
			t.Errorf("%s again: %v", name, err)
		}
		if names, err := d.RestoreFiles(); err != nil || len(names) > 0 {
			t.Errorf("%s: restored %q, %v", name, names, err)
		}
		d.NewSnapshotStore(nil).RemoveUnknown([]keeper.KeptWorker{})
		if _, err := os.Stat(path + ".refused"); err != nil {
			t.Error(err)
		}
	}
	newer := []byte(`{"version":2,"what":"initiator home","written_by":"9.9","port":1}`)
	d := openTestDir(t)
	if err := os.WriteFile(filepath.Join(d.Path(), "home.json"), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadAPIPort(d.Path())
	if list, rest := d.SetAside(err); len(list) > 0 || rest == nil || NewerFiles(err) == nil {
		t.Errorf("a newer file: %v, %v", list, rest)
	}
}

// TestDamagedTokenIsReplaced damages the token. The initiator makes another one and
// says what that costs.
func TestDamagedTokenIsReplaced(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "short": "abc", "zeros": strings.Repeat("\x00", 44), "a bad byte": strings.Repeat("x", 20) + "\x01" + strings.Repeat("x", 22)} {
		d := openTestDir(t)
		path := filepath.Join(d.Path(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		token, damaged, err := d.LoadToken()
		if err != nil || !isToken(token) || len(damaged) != 1 || !strings.Contains(damaged[0].Reason, "clients over TCP need the new one") {
			t.Errorf("%s: %q, %v, %v", name, token, damaged, err)
		}
		if was, err := os.ReadFile(path + ".refused"); err != nil || string(was) != text {
			t.Errorf("%s: set aside %q, %v", name, was, err)
		}
		if again, damaged, err := d.LoadToken(); again != token || len(damaged) > 0 || err != nil {
			t.Errorf("%s: then %q, %v, %v", name, again, damaged, err)
		}
	}
}

// TestDamagedTasksAreKeptUntilAccepted notes damage twice, as an interrupted repair
// does.
func TestDamagedTasksAreKeptUntilAccepted(t *testing.T) {
	t.Parallel()
	d := openTestDir(t)
	place := report.Damage{File: "tasks.00000001.log", From: 52, To: 76, Records: report.UnknownRecords, Reason: "the bytes were changed"}
	for range 2 {
		if err := d.NoteDamage(queue.Damage{Places: []report.Damage{place}, Changes: 3}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.ReadDamagedTasks()
	if err != nil || len(got.Places) != 1 || got.Changes != 3 || got.Since.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	for _, want := range []string{"tasks.00000001.log, bytes 52 to 76", "it is unknown how many records are lost", "may run again", "Of 3 tasks only changes are left", "task check"} {
		if !strings.Contains(got.Reason(), want) {
			t.Errorf("it says %q, without %q", got.Reason(), want)
		}
	}
	if was, err := d.AcceptDamage(); err != nil || len(was.Places) != 1 {
		t.Errorf("%+v, %v", was, err)
	}
	if got, err := d.ReadDamagedTasks(); err != nil || got.IsDamaged() {
		t.Errorf("then %+v, %v", got, err)
	}
}
