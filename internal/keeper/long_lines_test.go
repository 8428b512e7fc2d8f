package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/linemark"
)

// euros is a line that is longer than everything that the keeper reads at once,
// in characters of three bytes, with bytes that are not UTF-8.
var euros = strings.Repeat("\u20ac", 100_000) + "\r\xff"

// textAct is a process that writes a text.
func textAct(t *testing.T, guid, text string) SpawnOrder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return orderCommand(guid, "cat", path)
}

// TestLongLine: a log holds a line of any length as it was written, behind one time.
func TestLongLine(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	s := textAct(t, "w", euros+"\nnext\nno end")
	s.Stdout.Timestamps = true
	got := h.runToEnd(s, filepath.Join(t.TempDir(), "out.log"))
	stamp := strings.Index(got, " ") + 1
	if stamp == 0 {
		t.Fatalf("the log is %.80q", got)
	}
	lines := strings.Split(got, "\n")
	want := []string{euros, "next", "no end"}
	for i := range lines {
		if len(lines) != len(want) || len(lines[i]) < stamp || lines[i][stamp:] != want[i] {
			t.Fatalf("line %d of %d is %.80q with %d bytes", i, len(lines), lines[i], len(lines[i]))
		}
	}
}

// TestRotationInsideALine: no file is larger than its limit, and together the
// files are what was written.
func TestRotationInsideALine(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "out.log")
	text := "short\n" + euros + "\nshort\n"
	s := textAct(t, "w", text)
	s.Stdout = Log{MaxBytes: 70_000, Backups: 9}
	joined := h.runToEnd(s, path)
	for n := 1; ; n++ {
		part, err := os.ReadFile(fmt.Sprint(path, ".", n))
		if err != nil {
			break
		}
		if len(part) > 70_000 {
			t.Errorf("%d bytes in one file", len(part))
		}
		joined = string(part) + joined
	}
	if joined != text {
		t.Errorf("%d bytes became %d: %.80q", len(text), len(joined), joined)
	}
}

// TestPrompt: a line without an end is in the log and reported soon, and the rest
// of the line continues it.
func TestPrompt(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	path := filepath.Join(t.TempDir(), "out.log")
	s := orderCommand("w", "sh", "-c", "printf 'password: '; read x; echo wrong; exec sleep 1000")
	s.Stdout.Path = path
	s.Stdin = []byte("x") // no line: read waits for its end
	h.spawnWorker(s)
	e := h.awaitKind("w", KindOutput)
	if strings.Join(e.Lines, "|") == "password: " && e.Partial {
		e = h.awaitKind("w", KindOutput)
		if strings.Join(e.Lines, "|") != "wrong" || !e.Continued || e.Partial {
			t.Errorf("the rest is %+v", e)
		}
	} else if strings.Join(e.Lines, "|") != "password: wrong" || e.Partial || e.Continued {
		t.Errorf("the line is %+v", e)
	}
	if got := read(t, path); got != "password: wrong\n" {
		t.Errorf("the log is %q", got)
	}
	silent := orderCommand("silent", "sh", "-c", "printf 'name: '; exec sleep 1000")
	silent.Stdout.Path = filepath.Join(t.TempDir(), "silent.log")
	h.spawnWorker(silent)
	if e := h.awaitKind("silent", KindOutput); strings.Join(e.Lines, "|") != "name: " || !e.Partial || read(t, silent.Stdout.Path) != "name: " {
		t.Errorf("the prompt is %+v", e)
	}
}

// TestWatchedBytes: the events of a watched worker have the bytes that were written.
// The pieces of a line that took more than a second say so.
func TestWatchedBytes(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	h.spawnWorker(textAct(t, "w", euros+"\nb\n"))
	h.awaitLine("w", "b")
	var text strings.Builder
	for _, e := range h.seen {
		if len(e.Lines) == 0 {
			continue
		}
		if begins := text.Len() == 0 || strings.HasSuffix(text.String(), "\n"); begins == e.Continued {
			t.Errorf("continued is %v behind %d bytes", e.Continued, text.Len())
		}
		text.WriteString(strings.Join(e.Lines, "\n"))
		if !e.Partial {
			text.WriteString("\n")
		}
	}
	if got := text.String(); got != euros+"\nb\n" {
		t.Errorf("the events have %d bytes, want %d", len(got), len(euros)+3)
	}
}

// TestLineOfKilledProcess: the next process of a log begins a line, also when the
// keeper was killed in the middle of a line.
func TestLineOfKilledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.log")
	if err := os.WriteFile(path, []byte("of another keeper"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newTestKeeper(t)
	for i := range 2 {
		h.runToEnd(orderAct(fmt.Sprint("w", i), "print", "no end"), path)
	}
	if got := read(t, path); got != "of another keeper\nno end\nno end" {
		t.Errorf("the log is %q", got)
	}
}

// TestJoinPage: output of two streams is never mixed into one line, and the places
// where a line is interrupted are marked.
func TestJoinPage(t *testing.T) {
	t.Parallel()
	a, b := &outputStream{}, &outputStream{}
	for _, c := range []struct {
		name string
		end  logEnd
		page logPage
		want string
	}{
		{"a new line", logEnd{}, logPage{from: a}, ""},
		{"the rest of its line", logEnd{true, a}, logPage{from: a, continued: true}, ""},
		{"after the line of an ended stream", logEnd{true, nil}, logPage{from: a}, "\n"},
		{"into the line of another", logEnd{true, b}, logPage{from: a}, linemark.Split + "\n"},
		{"the rest of a line after a line", logEnd{}, logPage{from: a, continued: true, stamp: []byte("T ")}, "T " + linemark.Continued},
		{"the rest of a line into another", logEnd{true, b}, logPage{from: a, continued: true}, linemark.Split + "\n" + linemark.Continued},
		{"the rest of its line after a gap", logEnd{true, a}, logPage{from: a, continued: true, gap: true}, "\n" + linemark.Continued},
		{"the rest of its line after a failure", logEnd{true, nil}, logPage{from: a, continued: true}, "\n" + linemark.Continued},
	} {
		if got := string(c.end.joinPage(&c.page)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPiecesAreBounded: on an output that others read or write, a line comes in
// pieces of at most pieceLimit bytes, which say where they belong.
func TestPiecesAreBounded(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	dir := t.TempDir()
	shared, long := filepath.Join(dir, "out.log"), strings.Repeat("d", 5*pieceLimit/2)
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	s := orderCommand("w", "sh", "-c", "cat text; until test -e proceed; do sleep 0.01; done; echo d")
	s.Dir, s.Stdout.Path = dir, shared
	h.spawnWorker(s)
	h.awaitEvent("a second piece", func(e Event) bool { return e.Partial && e.Continued })
	h.runToEnd(textAct(t, "other", "e\n"), shared)
	if err := os.WriteFile(filepath.Join(dir, "proceed"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.awaitKind("w", KindExited)
	var events strings.Builder
	for _, e := range h.seen {
		for _, line := range e.Lines {
			if len(line) > pieceLimit {
				t.Errorf("a piece of %d bytes", len(line))
			}
			events.WriteString(line)
		}
	}
	want := long + "d\n"
	if got := events.String() + "\n"; got != want {
		t.Errorf("%d bytes in pieces, want %d", len(got), len(want))
	}
	text := read(t, shared)
	d := logDecoder{streams: map[int]*logStream{0: {want: []byte(want)}, 1: {want: []byte("e\n")}}}
	if err := d.decodeText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := string(d.streams[0].got); got != want || string(d.streams[1].got) != "e\n" {
		t.Errorf("%d bytes in the log, want %d; and %q", len(got), len(want), d.streams[1].got)
	}
	if strings.Count(text, linemark.Split) != 1 || strings.Count(text, linemark.Continued) != 1 {
		t.Error("the line of another process is not between two marks")
	}
}
