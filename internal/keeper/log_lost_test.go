package keeper

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a log could not take is counted in the file and reported, or with Block
// written later.
func TestLogThatFails(t *testing.T) {
	t.Parallel()
	const note = "(initiator: 3 lines are missing here, because the log could not be written)\n"
	for _, c := range []struct {
		name         string
		block        bool
		want, report string
	}{
		{"drop", false, note + "four\n", "is written again; 3 lines are lost"},
		{"block", true, "one\ntwo\nthree\nfour\n", "is written again; no line is lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "d")
			if err := os.WriteFile(dir, nil, 0o600); err != nil { // no directory: the log cannot be opened
				t.Fatal(err)
			}
			f := &logFile{Log: Log{Path: filepath.Join(dir, "out.log"), Block: c.block}, fd: -1}
			t.Cleanup(f.closeFile)
			s := &outputStream{}
			var faults []string
			write := func(text string) {
				if err := f.writePage(&logPage{from: s, text: []byte(text)}); err != nil {
					if fault, ok := errors.AsType[logFault](err); !ok || fault.over != strings.Contains(err.Error(), "again; ") {
						t.Errorf("%#v", err)
					}
					faults = append(faults, err.Error())
				}
			}
			write("one\ntwo\n")
			write("three\n")
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			f.retry = time.Time{}
			write("four\n")
			if got := read(t, f.Path); got != c.want {
				t.Errorf("the log holds %q", got)
			}
			if len(faults) != 2 || !strings.Contains(faults[1], c.report) {
				t.Errorf("reports: %q", faults)
			}
		})
	}
}

// Output waits for a disk that is slow, and for logStall for a disk that takes
// nothing, or with Block for as long as that lasts.
func TestLogWaitsForItsDisk(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		name    string
		waiting int
		moved   time.Duration // ago
		block   bool
		kept    int64
		want    bool
	}{
		{"nothing waits", 0, time.Hour, false, 0, true},
		{"room", logRoom / 2, time.Hour, false, 0, true},
		{"slow", logRoom, time.Second, false, 0, false},
		{"takes nothing", logRoom, logStall, false, 0, true},
		{"takes nothing, block", logRoom, time.Hour, true, 0, false},
		{"cannot be written, block", 0, 0, true, 1, false},
	} {
		f := &logFile{Log: Log{Block: c.block}, writer: &logWriter{bytes: c.waiting, moved: now.Add(-c.moved)}}
		f.kept.Store(c.kept)
		if got, again := f.hasPlace(now, 64<<10); got != c.want || got != again.IsZero() {
			t.Errorf("%s: %v, again at %v", c.name, got, again.Sub(now))
		}
	}
}
