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

// versionVariable makes a keeper of this test binary an older one. It is read
// before the init function that turns the process into a keeper.
const versionVariable = "TEST_KEEPER_SPEAKS"

var _ = func() string {
	if older := os.Getenv(versionVariable); older != "" {
		versionText = older
	}
	return versionText
}()

// orderChatter orders a worker that writes one line each time that it gets
// USR1.
func orderChatter(guid, path string) SpawnOrder {
	s := orderCommand(guid, "sh", "-c", `trap "n=\$((n+1)); echo line \$n" USR1; echo begun; while :; do sleep 0.1; done`)
	s.Stdout.Path = path
	return s
}

func (h *testKeeper) clearLog(guid string, paths ...string) Event {
	h.t.Helper()
	if err := h.ClearLogs(guid, paths...); err != nil {
		h.t.Fatal(err)
	}
	return h.awaitKind(guid, KindCleared)
}

// TestClear: a log is removed at the order, rotated files stay, and the next
// line is the first of a new file.
func TestClear(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "out.log")
	if err := os.WriteFile(path+".1", []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.spawnWorker(orderChatter("w", path))
	h.awaitLine("w", "begun")
	if e := h.clearLog("w", path, filepath.Join(dir, "never.written")); e.Error != "" {
		t.Error(e.Error)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after it there is %q, %v", read(t, path), err)
	}
	if err := h.Signal("w", 1, int(syscall.SIGUSR1), false); err != nil {
		t.Fatal(err)
	}
	h.awaitLine("w", "line 1")
	if got := read(t, path) + read(t, path+".1"); got != "line 1\nold\n" {
		t.Errorf("then there is %q", got)
	}
}

// TestClearLeavesOtherFiles: a file that holds no lines stays, and a log that
// cannot be removed is reported.
func TestClearLeavesOtherFiles(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	h.spawnWorker(orderCommand("w", "sleep", "1000"))
	if e := h.clearLog("w", fifo, os.DevNull); e.Error != "" {
		t.Error(e.Error)
	}
	if _, err := os.Stat(fifo); err != nil {
		t.Error(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := h.clearLog("w", filepath.Join(file, "below")); !strings.Contains(e.Error, "clear log: remove ") {
		t.Errorf("of a path below a file it says %q", e.Error)
	}
}

// TestOlderKeeper: an order that came later is not sent to an older keeper. An
// older keeper that receives it reports that it does not know the order, and
// goes on.
func TestOlderKeeper(t *testing.T) {
	t.Setenv(versionVariable, "1")
	h := newTestKeeper(t)
	if hello := h.awaitEvent("hello", func(e Event) bool { return e.Kind == KindHello }); hello.Version != 1 {
		t.Errorf("it says that it is of version %d", hello.Version)
	}
	path := filepath.Join(t.TempDir(), "out.log")
	h.spawnWorker(orderChatter("w", path))
	h.awaitLine("w", "begun")
	if err := h.ClearLogs("w", path); !errors.Is(err, ErrOlderKeeper) {
		t.Errorf("Clear says %v", err)
	}
	frame, err := encodeFrame(message{V: Version, Op: opClear, GUID: "w", Paths: []string{path}})
	if err == nil {
		_, err = writeFrame(h.conn, frame, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := h.awaitEvent("warning", func(e Event) bool { return e.Kind == KindWarning })
	if e.Error != `order "clear": this keeper (version 1) does not know it` {
		t.Errorf("it warns %q", e.Error)
	}
	if got := read(t, path); got != "begun\n" {
		t.Errorf("the log is %q", got)
	}
	if err := h.Signal("w", 1, int(syscall.SIGUSR1), false); err != nil {
		t.Fatal(err)
	}
	h.awaitLine("w", "line 1")
}

// TestUnknownMembers: fields of a later version in an order are ignored.
func TestUnknownMembers(t *testing.T) {
	var m message
	body := []byte(`{"V":99,"Op":"end","End":{"GUID":"w","Incarnation":1,"Mercy":true},"Colour":"red"}`)
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&m); err != nil || m.End.GUID != "w" {
		t.Errorf("%+v, %v", m, err)
	}
}
