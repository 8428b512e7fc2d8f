package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/plan"
)

// The log of the initiator is rotated like the logs of workers: whole records,
// no file above the limit, the newest records in the file of the name.
func TestTheLogfileIsRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "initiator.log")
	if err := os.WriteFile(path, []byte("of an earlier one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := openLogFile(&plan.Settings{LogFile: path, LogMaxBytes: 100, LogBackups: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.closeFile()
	for _, record := range []string{
		strings.Repeat("a", 81) + "\n", // 18 + 82 = 100: just fits
		"b\n",
		strings.Repeat("c", 200) + "\n", // larger than any file may be
		"d\n", "e\n",
	} {
		if n, err := l.Write([]byte(record)); n != len(record) || err != nil {
			t.Errorf("write %.3q: %d, %v", record, n, err)
		}
	}
	for name, want := range map[string]string{
		path: "d\ne\n", path + ".1": strings.Repeat("c", 200) + "\n", path + ".2": "b\n",
	} {
		if text, err := os.ReadFile(name); string(text) != want || err != nil {
			t.Errorf("%s: %q, %v", filepath.Base(name), text, err)
		}
	}
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("there are more backups than asked for")
	}
}

// TestTheLogfileHasItsMode: of the key, also after a rotation. Without the key, the
// file after a rotation has the mode of the file before.
func TestTheLogfileHasItsMode(t *testing.T) {
	for _, test := range []struct {
		files       plan.LogFiles
		byHand      os.FileMode
		first, next os.FileMode
	}{
		{files: plan.LogFiles{}, first: 0o600, next: 0o600},
		{files: plan.LogFiles{Mode: 0o640}, first: 0o640, next: 0o640},
		{files: plan.LogFiles{}, byHand: 0o644, first: 0o600, next: 0o644},
		{files: plan.LogFiles{Mode: 0o644, UnderUmask: true}, byHand: 0o600, first: 0o644, next: 0o600},
	} {
		path := filepath.Join(t.TempDir(), "initiator.log")
		l, err := openLogFile(&plan.Settings{LogFile: path, LogMaxBytes: 4, LogBackups: 1, LogFiles: test.files})
		if err != nil {
			t.Fatal(err)
		}
		modeOf := func() os.FileMode {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			return info.Mode().Perm()
		}
		first := modeOf()
		if test.byHand != 0 {
			if err := os.Chmod(path, test.byHand); err != nil {
				t.Fatal(err)
			}
		}
		for _, record := range []string{"one\n", "two\n"} {
			if _, err := l.Write([]byte(record)); err != nil {
				t.Error(err)
			}
		}
		if next := modeOf(); first != test.first || next != test.next {
			t.Errorf("%+v: the first has %o, the next %o; want %o and %o", test, first, next, test.first, test.next)
		}
		l.closeFile()
	}
}

// Without backups, or without a limit, there is one file. After another program
// has moved it, reopenFile creates a new one.
func TestALogfileWithoutBackupsStaysOneFile(t *testing.T) {
	for _, limit := range []int64{0, 10} {
		dir := t.TempDir()
		path := filepath.Join(dir, "initiator.log")
		l, err := openLogFile(&plan.Settings{LogFile: path, LogMaxBytes: limit})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := l.Write([]byte("12345678\n")); err != nil {
				t.Error(err)
			}
		}
		if names, _ := filepath.Glob(dir + "/*"); len(names) != 1 {
			t.Errorf("maxbytes %d: %q", limit, names)
		}
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if err := l.reopenFile(); err != nil {
			t.Error(err)
		}
		if _, err := l.Write([]byte("new\n")); err != nil {
			t.Error(err)
		}
		if text, err := os.ReadFile(path); string(text) != "new\n" || err != nil {
			t.Errorf("maxbytes %d: %q, %v", limit, text, err)
		}
		l.closeFile()
	}
}

// A log file that is not a regular file is written to and never rotated.
func TestALogfileThatCannotBeOpened(t *testing.T) {
	l, err := openLogFile(&plan.Settings{LogFile: os.DevNull, LogMaxBytes: 1, LogBackups: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.closeFile()
	for range 2 {
		if _, err := l.Write([]byte("lost\n")); err != nil {
			t.Error(err)
		}
	}
}
