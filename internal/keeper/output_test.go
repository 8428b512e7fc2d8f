package keeper

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/internal/testlength"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runToEnd runs one process to its end and returns its log.
func (h *testKeeper) runToEnd(s SpawnOrder, path string) string {
	h.t.Helper()
	s.Stdout.Path = path
	if err := h.Spawn(s); err != nil {
		h.t.Fatal(err)
	}
	h.awaitKind(s.GUID, KindExited)
	return read(h.t.(*testing.T), path)
}

func TestLogHoldsEverythingBeforeTheExit(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "deep", "er", "out.log")
	for i := range testlength.Count(20, 200) {
		guid := fmt.Sprint("w", i)
		got := h.runToEnd(orderAct(guid, "print", guid, "spoke"), path)
		if !strings.HasSuffix(got, guid+" spoke") {
			t.Fatalf("log ends %q, want the words of %s", got, guid)
		}
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(p); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", p, info.Mode(), err, want)
		}
	}
}

func TestTimestampsAndJunk(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	s := orderCommand("w", "sh", "-c", `printf 'one\r\n\n\377\376\000junk\n'; printf err >&2`)
	s.Stdout.Timestamps, s.RedirectStderr = true, true
	got := h.runToEnd(s, filepath.Join(t.TempDir(), "out.log"))
	stamp := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d) `
	want := "^" + stamp + "one\r\n" + stamp + "\n" + stamp + `\x{fffd}\x{fffd}` + "\x00junk\n" + stamp + "err$"
	if !regexp.MustCompile(want).MatchString(strings.ToValidUTF8(strings.ReplaceAll(got, "\xff\xfe", "\ufffd\ufffd"), "?")) {
		t.Errorf("log = %q", got)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out.log")
	h := newTestKeeper(t)
	s := orderAct("w", "flood", "10") // 600 kB in lines of 100 bytes
	s.Stdout = Log{MaxBytes: 100_000, Backups: 3}
	h.runToEnd(s, path)
	names, _ := filepath.Glob(dir + "/*")
	if len(names) != 4 {
		t.Errorf("files %q, want the log and three old ones", names)
	}
	for _, name := range names {
		if text := read(t, name); len(text) > 100_000 || len(text)%100 != 0 || len(text) == 0 {
			t.Errorf("%s holds %d bytes, want whole lines and at most 100,000", name, len(text))
		}
	}
	s.GUID, s.Stdout.Backups = "none", 0
	h.runToEnd(s, filepath.Join(dir, "none.log"))
	if names, _ := filepath.Glob(dir + "/none*"); len(names) != 1 {
		t.Errorf("files %q, want no old ones", names)
	}
}

// TestSharedLog: replicas that share a log never tear each other's lines.
func TestSharedLog(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "out.log")
	const n = 4
	for i := range n {
		s := orderAct(fmt.Sprint("w", i), "flood", "5")
		s.Stdout.Path = path
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		h.awaitEvent("exit", func(e Event) bool { return e.Kind == KindExited })
	}
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	if len(lines) != n*5*600 {
		t.Errorf("%d lines, want %d", len(lines), n*5*600)
	}
	for _, line := range lines {
		if line != strings.Repeat("x", 99) {
			t.Fatalf("torn line %q", line)
		}
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "out.log")
	s := orderCommand("w", "sh", "-c", "echo before; read x; echo after; sleep 1000")
	s.Stdout.Path = path
	s.Stdin = bytes.Repeat([]byte("x"), 10) // no line: read waits for its end
	h.spawnWorker(s)
	h.awaitLine("w", "after")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := h.ReopenLogs(); err != nil {
		t.Fatal(err)
	}
	h.endWorker("w", syscall.SIGTERM, deadline)
	if got := read(t, path); got != "" {
		t.Errorf("new log holds %q", got)
	}
	if got := read(t, path+".moved"); got != "before\nafter\n" {
		t.Errorf("old log holds %q", got)
	}
}

func TestLogThatCannotBeWritten(t *testing.T) {
	h := newTestKeeper(t)
	tests := map[string]string{
		"full":    "/dev/full",
		"dir":     t.TempDir(),
		"no-fifo": filepath.Join(t.TempDir(), "fifo"),
	}
	if err := syscall.Mkfifo(tests["no-fifo"], 0o600); err != nil {
		t.Fatal(err)
	}
	for guid, path := range tests {
		s := orderAct(guid, "flood", "20")
		s.Stdout.Path = path
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
		h.awaitKind(guid, KindExited)
		warnings := 0
		for _, e := range h.seen {
			if e.Kind == KindWarning && strings.Contains(e.Error, path) {
				warnings++
			}
		}
		if warnings != 1 {
			t.Errorf("%s: %d warnings, want one", guid, warnings)
		}
	}
}

// TestUnreadEvents: an initiator that does not read its events delays no
// worker: the workers run to their end, the keeper stays small, and dropped
// lines are counted.
func TestUnreadEvents(t *testing.T) {
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "out.log")
	if err := h.WatchOutput("w", true); err != nil {
		t.Fatal(err)
	}
	const pages = 400 // 24 MB
	s := orderAct("w", "flood", fmt.Sprint(pages))
	s.Stdout.Path = path
	if err := h.Spawn(s); err != nil {
		t.Fatal(err)
	}
	// The log is complete although no event was read.
	limit := time.After(deadline)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for size := int64(0); size < pages*60000; {
		select {
		case <-poll.C:
			if info, err := os.Stat(path); err == nil {
				size = info.Size()
			}
		case <-limit:
			t.Fatalf("the log has %d bytes", size)
		}
	}
	got, dropped := 0, 0
	h.awaitEvent("exit", func(e Event) bool {
		got, dropped = got+len(e.Lines), dropped+e.Dropped
		return e.Kind == KindExited
	})
	if got == 0 || got >= pages*600 {
		t.Errorf("%d lines came, want some and not all", got)
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 1 << 20, 5 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h := newTestKeeper(t)
			s := orderAct("w", "cat")
			s.Stdin = make([]byte, size)
			h.spawnWorker(s)
			if got := h.awaitLine("w", "bytes "); got != fmt.Sprint(size) {
				t.Errorf("%s bytes came, want %d", got, size)
			}
			h.awaitKind("w", KindExited)
		})
	}
}

func TestUnreadStdin(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	s := orderAct("w", "exit", "0")
	s.Stdin = make([]byte, 5<<20)
	h.spawnWorker(s)
	h.awaitKind("w", KindExited)
	h.spawnWorker(orderCommand("next", "true"))
}
