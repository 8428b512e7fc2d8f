package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The log of the initiator is rotated like the logs of workers: whole records,
// no file above the limit, the newest records in the file of the name.
func TestTheLogfileIsRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "initiator.log")
	if err := os.WriteFile(path, []byte("of an earlier one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := openLogFile(path, 100, 2)
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

// Without backups, or without a limit, there is one file. After another program
// has moved it, reopenFile creates a new one.
func TestALogfileWithoutBackupsStaysOneFile(t *testing.T) {
	for _, limit := range []int64{0, 10} {
		dir := t.TempDir()
		path := filepath.Join(dir, "initiator.log")
		l, err := openLogFile(path, limit, 0)
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
	l, err := openLogFile(os.DevNull, 1, 1)
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
