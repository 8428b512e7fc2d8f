package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func rotate(t *testing.T, path string, backups int) {
	t.Helper()
	for n := backups; n > 0; n-- {
		from := fmt.Sprint(path, ".", n-1)
		if n == 1 {
			from = path
		}
		if err := os.Rename(from, fmt.Sprint(path, ".", n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// at returns a time of the tests, and stamped a line with that time.
func at(seconds int) time.Time {
	return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func stamped(seconds int, text string) string {
	return at(seconds).Format(TimestampLayout) + " " + text + "\n"
}

// short returns the text of a line, without its time.
func short(l Line) string {
	text := string(l.Text)
	if _, ok := parseTimestamp(l.Text); ok {
		text = text[strings.Index(text, " ")+1:]
	}
	return fmt.Sprint(l.Source, text)
}

func readAll(t *testing.T, q Query, sources ...Source) string {
	t.Helper()
	var all []string
	if err := Read(t.Context(), sources, q, func(lines []Line) error {
		for _, l := range lines {
			all = append(all, short(l))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// writeTwoLogs writes two logs; the first was rotated twice.
func writeTwoLogs(t *testing.T) (a, b string) {
	dir := t.TempDir()
	a, b = filepath.Join(dir, "a"), filepath.Join(dir, "b")
	add(t, a, stamped(1, "one")+stamped(3, "three")+"  of two lines\n")
	rotate(t, a, 3)
	add(t, a, stamped(5, "five"))
	rotate(t, a, 3)
	add(t, a, stamped(7, "seven")+stamped(9, "nine"))
	add(t, b, stamped(2, "two")+stamped(5, "five")+stamped(8, "eight")+at(10).Format(TimestampLayout)+" ten, and no end")
	return a, b
}

func TestRead(t *testing.T) {
	t.Parallel()
	a, b := writeTwoLogs(t)
	tests := []struct {
		what    string
		q       Query
		sources []Source
		want    string
	}{
		{"all of one, its rotated ones first", Query{}, []Source{{Path: a}}, "0one 0three 0  of two lines 0five 0seven 0nine"},
		{"both, by time", Query{}, []Source{{Path: a}, {Path: b}}, "0one 1two 0three 0  of two lines 0five 1five 0seven 1eight 0nine 1ten, and no end"},
		{"a tail", Query{Tail: 1}, []Source{{Path: a}}, "0nine"},
		{"a tail over rotated ones", Query{Tail: 4}, []Source{{Path: a}}, "0  of two lines 0five 0seven 0nine"},
		{"a tail longer than all", Query{Tail: 100}, []Source{{Path: b}}, "0two 0five 0eight 0ten, and no end"},
		{"a tail of both", Query{Tail: 3}, []Source{{Path: a}, {Path: b}}, "1eight 0nine 1ten, and no end"},
		{"since", Query{}, []Source{{Path: a, From: at(5)}, {Path: b, From: at(5)}}, "0five 1five 0seven 1eight 0nine 1ten, and no end"},
		{"since, in the middle of a rotated one", Query{}, []Source{{Path: a, From: at(2)}}, "0three 0  of two lines 0five 0seven 0nine"},
		{"since and tail", Query{Tail: 4}, []Source{{Path: a, From: at(7)}}, "0seven 0nine"},
		{"until", Query{}, []Source{{Path: a, Until: at(5)}, {Path: b, Until: at(8)}}, "0one 1two 0three 0  of two lines 1five"},
		{"between", Query{}, []Source{{Path: a, From: at(3), Until: at(7)}}, "0three 0  of two lines 0five"},
		{"the tail of what was until", Query{Tail: 2}, []Source{{Path: a, Until: at(7)}}, "0  of two lines 0five"},
		{"from the future", Query{}, []Source{{Path: a, From: at(99)}}, ""},
		{"one that is not there is left out", Query{}, []Source{{Path: a + "x"}, {Path: b, From: at(8)}}, "1eight 1ten, and no end"},
	}
	for _, tt := range tests {
		if got := readAll(t, tt.q, tt.sources...); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.what, got, tt.want)
		}
	}
}

func TestReadOfNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	never := func([]Line) error { t.Error("emitted"); return nil }
	if err := Read(t.Context(), []Source{{Path: dir + "/a"}, {Path: dir + "/b"}}, Query{}, never); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	add(t, dir+"/a", "")
	if got := readAll(t, Query{Tail: 3}, Source{Path: dir + "/a"}); got != "" {
		t.Error(got)
	}
}

// A source that cannot be read is reported, and the others are read.
func TestUnreadableSource(t *testing.T) {
	a, b := writeTwoLogs(t)
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	var reported []int
	report := func(source int, err error) {
		if reported = append(reported, source); !errors.Is(err, syscall.ELOOP) {
			t.Error(err)
		}
	}
	if got := readAll(t, Query{Unreadable: report, Tail: 2}, Source{Path: loop}, Source{Path: b}); got != "1eight 1ten, and no end" || len(reported) != 1 || reported[0] != 0 {
		t.Errorf("%s; reported %v", got, reported)
	}
	nothing := func([]Line) error { t.Error("there are lines"); return nil }
	if err := Read(t.Context(), []Source{{Path: loop}, {Path: a + ".none"}}, Query{Unreadable: report}, nothing); !errors.Is(err, syscall.ELOOP) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing can be read: %v", err)
	}
}

func TestReadEndsWithItsReader(t *testing.T) {
	t.Parallel()
	a, _ := writeTwoLogs(t)
	gone := errors.New("gone")
	for _, q := range []Query{{}, {Follow: true}, {Tail: 1}} {
		if err := Read(t.Context(), []Source{{Path: a}}, q, func(l []Line) error {
			if len(l) > 0 {
				return gone
			}
			return nil
		}); !errors.Is(err, gone) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// followLogs follows logs; next returns the next line.
func followLogs(t *testing.T, q Query, sources ...Source) (next func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	q.Follow = true
	opened := make(chan struct{})
	lines, ended := make(chan string, 1000), make(chan error, 1)
	go func() {
		begun := map[int]string{} // lines whose end has not come, by source
		ended <- Read(ctx, sources, q, func(batch []Line) error {
			if batch == nil {
				close(opened)
			}
			for _, l := range batch {
				text := begun[l.Source] + string(l.Text)
				if begun[l.Source] = text; !l.Partial {
					delete(begun, l.Source)
					l.Text = []byte(text)
					lines <- short(l)
				}
			}
			return nil
		})
	}()
	<-opened
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func() string { return <-lines }
}

func want(t *testing.T, next func() string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if got := next(); got != line {
			t.Fatalf("got %q, want %q", got, line)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	next := followLogs(t, Query{}, Source{Path: path}) // it is not there yet
	add(t, path, "one\n")
	want(t, next, "0one")
	add(t, path, "two\nthr")
	want(t, next, "0two")
	add(t, path, "ee\n")
	want(t, next, "0three")
	add(t, path, "the last of the old\n")
	rotate(t, path, 1)
	add(t, path, "the first of the new\n")
	want(t, next, "0the last of the old", "0the first of the new")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	add(t, path, "again\n")
	want(t, next, "0again")
}

func TestFollowBeginsAtTheTailOfBoth(t *testing.T) {
	t.Parallel()
	a, b := writeTwoLogs(t)
	next := followLogs(t, Query{Tail: 2}, Source{Path: a}, Source{Path: b})
	want(t, next, "1eight", "0nine")
	add(t, b, "\n"+stamped(12, "twelve"))
	want(t, next, "1ten, and no end", "1twelve")
	add(t, a, stamped(13, "thirteen"))
	want(t, next, "0thirteen")
}

// TestFollowMuch: a source with more lines than batchLines does not wait for
// the next tick, and no line is lost between batches.
func TestFollowMuch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	next := followLogs(t, Query{}, Source{Path: path})
	const n = 5*batchLines + 1
	var text strings.Builder
	for i := range n {
		fmt.Fprintln(&text, i)
	}
	add(t, path, text.String())
	for i := range n {
		want(t, next, fmt.Sprint(0, " ", i)[:1]+fmt.Sprint(i))
	}
}

func TestLongTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "%020d\n", i)
	}
	add(t, path, text.String())
	for _, n := range []int{1, 3200, 10_000, 19_999, 20_000, 20_001} {
		got := strings.Fields(readAll(t, Query{Tail: n}, Source{Path: path}))
		if have := min(n, 20_000); len(got) != have || got[0] != fmt.Sprintf("0%020d", 20_000-have) {
			t.Errorf("tail %d: %d lines from %s on", n, len(got), got[0])
		}
	}
}

// TestTimestampsOfBothVersions: lines of a keeper that wrote milliseconds are
// ordered by milliseconds.
func TestTimestampsOfBothVersions(t *testing.T) {
	t.Parallel()
	from := at(1).Add(300 * time.Microsecond)
	for _, c := range []struct {
		line        string
		begun, over bool // within [from, from + 100 µs)
	}{
		{"2030-01-01T00:00:00.999Z x", false, false},
		{"2030-01-01T00:00:01.000Z x", true, true},
		{"2030-01-01T00:00:01.000299Z x", false, false},
		{"2030-01-01T01:00:01.000300+01:00 x", true, false},
		{"2030-01-01T00:00:01.000400Z x", true, true},
	} {
		s, ok := parseTimestamp([]byte(c.line))
		if begun, over := s.inBounds(from, from.Add(100*time.Microsecond)); !ok || begun != c.begun || over != c.over {
			t.Errorf("%s: %v %v %v", c.line, ok, begun, over)
		}
	}
}

// longLine is longer than several pieces.
var longLine = "x" + strings.Repeat("\u20ac", longestPiece)

// readText returns the text of all pieces, with line ends, and checks that the
// pieces of a line stay together.
func readText(t *testing.T, q Query, sources ...Source) string {
	t.Helper()
	var text strings.Builder
	before := Line{}
	if err := Read(t.Context(), sources, q, func(lines []Line) error {
		for _, l := range lines {
			if l.Continued != before.Partial || l.Continued && (l.Source != before.Source || !l.At.Equal(before.At)) || !utf8.Valid(l.Text) || len(l.Text) > longestPiece+4096 {
				t.Errorf("%d bytes, continued %v, of %d at %v after a piece of %d", len(l.Text), l.Continued, l.Source, l.At, before.Source)
			}
			text.Write(l.Text)
			if before = l; !l.Partial {
				text.WriteByte('\n')
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestReadLongLines: a line of any length, also over several files, is one line for
// every bound, and is read in pieces that stay together.
func TestReadLongLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	add(t, a, stamped(1, "one")+at(3).Format(TimestampLayout)+" "+longLine)
	rotate(t, a, 3)
	add(t, a, longLine)
	rotate(t, a, 3)
	add(t, a, "end\n")
	rotate(t, a, 3)
	add(t, a, stamped(5, "five")+at(7).Format(TimestampLayout)+" no end")
	add(t, b, stamped(2, "two")+stamped(4, "four"))
	long, noEnd := stamped(3, longLine+longLine+"end"), strings.TrimSuffix(stamped(7, "no end"), "\n")
	for _, c := range []struct {
		what    string
		q       Query
		sources []Source
		want    string
	}{
		{"all", Query{}, []Source{{Path: a}}, stamped(1, "one") + long + stamped(5, "five") + noEnd},
		{"both", Query{}, []Source{{Path: a}, {Path: b}}, stamped(1, "one") + stamped(2, "two") + long + stamped(4, "four") + stamped(5, "five") + noEnd},
		{"the last two", Query{Tail: 2}, []Source{{Path: a}}, stamped(5, "five") + noEnd},
		{"the last three", Query{Tail: 3}, []Source{{Path: a}}, long + stamped(5, "five") + noEnd},
		{"the last four", Query{Tail: 4}, []Source{{Path: a}}, stamped(1, "one") + long + stamped(5, "five") + noEnd},
		{"the last four of both", Query{Tail: 4}, []Source{{Path: a}, {Path: b}}, long + stamped(4, "four") + stamped(5, "five") + noEnd},
		{"since the long line", Query{}, []Source{{Path: a, From: at(3)}}, long + stamped(5, "five") + noEnd},
		{"since after it", Query{}, []Source{{Path: a, From: at(4)}}, stamped(5, "five") + noEnd},
		{"until it", Query{}, []Source{{Path: a, Until: at(3)}}, stamped(1, "one")},
		{"until after it", Query{}, []Source{{Path: a, Until: at(4)}}, stamped(1, "one") + long},
	} {
		if got := readText(t, c.q, c.sources...); got != c.want {
			t.Errorf("%s: %d bytes, want %d: %.120q", c.what, len(got), len(c.want), got)
		}
	}
}

// TestFollowPrompt: what is there of a line without an end comes too, and then the
// rest of the line.
func TestFollowPrompt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	add(t, path, "password: ")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	if err := Read(ctx, []Source{{Path: path}}, Query{Follow: true}, func(lines []Line) error {
		for _, l := range lines {
			got = append(got, fmt.Sprintf("%s %v %v", l.Text, l.Partial, l.Continued))
			if len(got) == 1 {
				rotate(t, path, 1)
				add(t, path, "wrong\n")
			} else {
				cancel()
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "|") != "password:  true false|wrong false true" {
		t.Errorf("%q", got)
	}
}

// FuzzParseTimestamp: a time is read only when the line begins with exactly
// that time.
func FuzzParseTimestamp(f *testing.F) {
	f.Add([]byte(stamped(1, "x")))
	f.Add([]byte("2030-01-01T00:00:00.000+01:00 x"))
	f.Add([]byte("2030-01-01T00:00:00.000001+01:00 x"))
	f.Add([]byte("2030-13-01T00:00:00.000Z x"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if s, ok := parseTimestamp(line); ok && !strings.HasPrefix(string(line), s.at.Format("2006-01-02T15:04:05.000")) {
			t.Errorf("%q is %v", line, s)
		}
	})
}

// FuzzSeekTail: the last lines of a file are those that another reader counts
// from its end.
func FuzzSeekTail(f *testing.F) {
	f.Add("a\nb\nc\n", 2)
	f.Add("a\n\n\nlast without an end", 3)
	f.Add("", 1)
	f.Add("\n", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 || n > 1000 {
			return
		}
		path := filepath.Join(t.TempDir(), "log")
		add(t, path, text)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		missing, err := seekTail(file, n, true)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(text, "\n")
		if lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		want := strings.Join(lines[max(len(lines)-n, 0):], "")
		if string(rest) != want || missing != max(n-max(len(lines)-1, 0), 0) && len(lines) != n {
			t.Errorf("the last %d of %q: %q and %d missing, want %q", n, text, rest, missing, want)
		}
	})
}

// TestTailOfManyLinesTakesLittleMemory reads the last lines of two logs that are
// longer than the memory that the read may take, and one line that never ends.
func TestTailOfManyLinesTakesLittleMemory(t *testing.T) {
	const lines, length = 5_000, 2_000 // 20 MB in all
	dir := t.TempDir()
	var sources []Source
	for n := range 2 {
		path := filepath.Join(dir, fmt.Sprint(n))
		var text strings.Builder
		for i := range lines {
			text.WriteString(stamped(i, fmt.Sprint(i)+strings.Repeat("x", length)))
		}
		add(t, path, text.String())
		sources = append(sources, Source{Path: path})
	}
	endless := filepath.Join(dir, "endless")
	add(t, endless, strings.Repeat("y", 20<<20))
	const piece = (longestPiece + 4095) / 4096 * 4096 // the line is read in blocks
	for _, c := range []struct {
		name    string
		sources []Source
		tail    int
		want    int
	}{
		{"all", sources, 0, 2 * lines},
		{"a long tail", sources, 3_000_000, 2 * lines},
		{"almost all", sources, 2*lines - 1, 2*lines - 1},
		{"bounded", []Source{{Path: sources[0].Path, From: at(10), Until: at(lines - 10)}}, lines - 30, lines - 30},
		{"one line", []Source{{Path: endless}}, 0, 20<<20/piece + 1},
	} {
		count, most := 0, uint64(0)
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		err := Read(t.Context(), c.sources, Query{Tail: c.tail}, func(some []Line) error {
			if count += len(some); count/2000 != (count-len(some))/2000 || len(some) > 0 && len(some[0].Text) > 10*length {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			return nil
		})
		if err != nil || count != c.want {
			t.Errorf("%s: %d lines, want %d: %v", c.name, count, c.want, err)
		}
		if most > before.HeapAlloc+8<<20 {
			t.Errorf("%s: %d bytes of memory are in use during the read", c.name, most-before.HeapAlloc)
		}
	}
}
