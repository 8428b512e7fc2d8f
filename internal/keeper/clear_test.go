package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// speaksVariable makes a keeper of this test binary an older one. It is looked
// at before the init function that takes a keeper over.
const speaksVariable = "TEST_KEEPER_SPEAKS"

var _ = func() string {
	if older := os.Getenv(speaksVariable); older != "" {
		versionText = older
	}
	return versionText
}()

// chatter writes one line each time that it gets USR1.
func chatter(guid, path string) SpawnOrder {
	s := plain(guid, "sh", "-c", `trap "n=\$((n+1)); echo line \$n" USR1; echo begun; while :; do sleep 0.01; done`)
	s.Stdout.Path = path
	return s
}

func (h *house) clear(guid string, paths ...string) Event {
	h.t.Helper()
	if err := h.ClearLogs(guid, paths...); err != nil {
		h.t.Fatal(err)
	}
	return h.event(guid, KindCleared)
}

// A log is gone with its order, what was rotated away stays, and the next line
// is the first of a new file.
func TestClear(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "out.log")
	if err := os.WriteFile(path+".1", []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.spawn(chatter("w", path))
	h.line("w", "begun")
	if e := h.clear("w", path, filepath.Join(dir, "never.written")); e.Error != "" {
		t.Error(e.Error)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after it there is %q, %v", read(t, path), err)
	}
	if err := h.Signal("w", 1, int(syscall.SIGUSR1)); err != nil {
		t.Fatal(err)
	}
	h.line("w", "line 1")
	if got := read(t, path) + read(t, path+".1"); got != "line 1\nold\n" {
		t.Errorf("then there is %q", got)
	}
}

// What is no file of lines is left, and what cannot be removed is said.
func TestClearOfWhatIsNoFile(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	h.spawn(plain("w", "sleep", "1000"))
	if e := h.clear("w", fifo, os.DevNull); e.Error != "" {
		t.Error(e.Error)
	}
	if _, err := os.Stat(fifo); err != nil {
		t.Error(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := h.clear("w", filepath.Join(file, "below")); !strings.Contains(e.Error, "clear log: remove ") {
		t.Errorf("of a path below a file it says %q", e.Error)
	}
}

// An order that came later is not sent to an older keeper. One that gets it all
// the same says that it does not know it, and goes on.
func TestOlderKeeper(t *testing.T) {
	t.Setenv(speaksVariable, "1")
	h := newHouse(t)
	if hello := h.until("hello", func(e Event) bool { return e.Kind == KindHello }); hello.Version != 1 {
		t.Errorf("it says that it is of version %d", hello.Version)
	}
	path := filepath.Join(t.TempDir(), "out.log")
	h.spawn(chatter("w", path))
	h.line("w", "begun")
	if err := h.ClearLogs("w", path); !errors.Is(err, ErrOlderKeeper) {
		t.Errorf("Clear says %v", err)
	}
	frame, err := encodeFrame(message{V: Version, Op: opClear, GUID: "w", Paths: []string{path}})
	if err == nil {
		err = writeFrame(h.conn, frame, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := h.until("warning", func(e Event) bool { return e.Kind == KindWarning })
	if e.Error != `order "clear": this keeper (version 1) does not know it` {
		t.Errorf("it warns %q", e.Error)
	}
	if got := read(t, path); got != "begun\n" {
		t.Errorf("the log is %q", got)
	}
	if err := h.Signal("w", 1, int(syscall.SIGUSR1)); err != nil {
		t.Fatal(err)
	}
	h.line("w", "line 1")
}

// What an order of a later version holds beside what is known is passed over.
func TestUnknownMembers(t *testing.T) {
	var m message
	body := []byte(`{"V":99,"Op":"end","End":{"GUID":"w","Incarnation":1,"Mercy":true},"Colour":"red"}`)
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&m); err != nil || m.End.GUID != "w" {
		t.Errorf("%+v, %v", m, err)
	}
}
