package keeper

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"initiator/internal/linemark"
	"initiator/internal/logs"
)

// alphabets is the number of sets of bytes by which a test tells the streams of a
// shared log apart. A byte b is in the set b modulo alphabets.
const alphabets = 4

// ownLog says that a stream has its log for itself, and uses every byte.
const ownLog = -1

// logDecoder takes the bytes of each stream out of a log: it removes the times
// before lines, and joins the pieces of a line. It fails when a mark is missing or
// is in a wrong place.
type logDecoder struct {
	stamps  bool
	torn    bool               // the keeper was killed: a time may be cut off
	rests   int                // lines without text after it: ends of lines whose beginning was lost
	streams map[int]*logStream // by alphabet
}

// logStream is what a log has of one stream.
type logStream struct {
	want []byte // which the process writes; tells whose an empty piece is
	got  []byte
	cut  bool // the last piece has the mark of a line that goes on
}

// decodeLine takes one line of a log, whose line end is missing when ended is
// false.
func (d *logDecoder) decodeLine(line []byte, ended bool) error {
	if d.stamps {
		stamp, text, _ := bytes.Cut(line, []byte(" "))
		if _, err := time.Parse(logs.TimestampLayout, string(stamp)); err != nil {
			if d.torn && len(line) <= len(logs.TimestampLayout) {
				return nil
			}
			return fmt.Errorf("no time before the line %.80q", line)
		}
		line = text
	}
	text, continued := bytes.CutPrefix(line, []byte(linemark.Continued))
	text, cut := bytes.CutSuffix(text, []byte(linemark.Split))
	s := d.findStream(text)
	if s == nil && d.torn && len(text) == 0 {
		if continued {
			s = d.onlyCut()
		} else if d.rests < len(d.streams) {
			d.rests++ // the killed keeper held the beginning of the line
			return nil
		}
	}
	if s == nil {
		return fmt.Errorf("the line %.80q of no stream", line)
	}
	if continued != s.cut {
		return fmt.Errorf("the line %.80q is marked as continued: %v; the piece before it is marked: %v", line, continued, s.cut)
	}
	s.got, s.cut = append(s.got, text...), cut
	if ended && !cut {
		s.got = append(s.got, '\n')
	}
	return nil
}

// findStream returns the stream of a piece of a line.
func (d *logDecoder) findStream(text []byte) *logStream {
	if s := d.streams[ownLog]; s != nil {
		return s
	}
	if len(text) > 0 {
		return d.streams[int(text[0]%alphabets)]
	}
	for _, s := range d.streams {
		if s.cut && len(s.got) < len(s.want) && s.want[len(s.got)] == '\n' {
			return s
		}
	}
	return nil
}

// onlyCut returns the stream whose last piece goes on; nil = there is none, or there
// are several.
func (d *logDecoder) onlyCut() (only *logStream) {
	for _, s := range d.streams {
		if s.cut && only != nil {
			return nil
		}
		if s.cut {
			only = s
		}
	}
	return only
}

// decodeText takes all lines of a log.
func (d *logDecoder) decodeText(text []byte) error {
	for len(text) > 0 {
		line, rest, ended := bytes.Cut(text, []byte("\n"))
		if err := d.decodeLine(line, ended); err != nil {
			return err
		}
		text = rest
	}
	return nil
}

// readRotated returns a log with its rotated files, the oldest first. A file that
// was moved away by another program comes before all.
func readRotated(path string, limit int64) (joined []byte, err error) {
	names, err := filepath.Glob(path + "*")
	if err != nil {
		return nil, err
	}
	age := func(name string) int {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(name, path), "."))
		switch {
		case name == path:
			return 0
		case err != nil:
			return 1 << 30
		}
		return n
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(age(b), age(a)) })
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if limit > 0 && int64(len(text)) > limit {
			return nil, fmt.Errorf("%s has %d bytes, and may have %d", filepath.Base(name), len(text), limit)
		}
		joined = append(joined, text...)
	}
	return joined, nil
}

// commonPrefix returns the length of the beginning that a and b share.
func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// commonSuffix returns the length of the end that a and b share.
func commonSuffix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// findGap returns where got lacks bytes of want, and how many: got is want without
// them, with at most one line end in their place, and one at the end.
func findGap(got, want []byte) (at, missing int, err error) {
	at, missing, between := splitAtGap(got, want)
	if len(between) > 1 {
		at, missing, between = splitAtGap(bytes.TrimSuffix(got, []byte("\n")), want)
	}
	if len(between) > 1 || len(between) == 1 && between[0] != '\n' {
		return 0, 0, fmt.Errorf("at byte %d of %d are %d bytes that were not written there: %.80q; written was %.80q", at, len(want), len(between), between, want[at:])
	}
	return at, missing, nil
}

// splitAtGap returns how many bytes got and want share at the beginning, how many
// bytes of want are missing after these, and what got has in their place.
func splitAtGap(got, want []byte) (at, missing int, between []byte) {
	at = commonPrefix(got, want)
	end := commonSuffix(got[at:], want[at:])
	return at, len(want) - at - end, got[at : len(got)-end]
}

// TestLogDecoder: the decoder accepts what the keeper writes, and nothing else.
func TestLogDecoder(t *testing.T) {
	t.Parallel()
	const x, y = "d", "e" // of the alphabets 0 and 1
	for _, c := range []struct{ name, text, a, b, fault string }{
		{"lines", "dd\ne\nd", "dd\nd", "e\n", ""},
		{"a line in pieces", x + linemark.Split + "\n" + y + "\n" + linemark.Continued + "dd\n", "ddd\n", "e\n", ""},
		{"the end of a line alone", x + linemark.Split + "\n" + y + "\n" + linemark.Continued + "\n", "d\n", "e\n", ""},
		{"no first mark", x + "\n" + y + "\n" + linemark.Continued + "dd\n", "", "", "marked as continued: true"},
		{"no second mark", x + linemark.Split + "\n" + y + "\ndd\n", "", "", "marked as continued: false"},
		{"of no stream", "g\n", "", "", "of no stream"},
	} {
		d := logDecoder{streams: map[int]*logStream{0: {want: []byte(c.a)}, 1: {want: []byte(c.b)}}}
		err := d.decodeText([]byte(c.text))
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fault)
			}
			continue
		}
		if a, b := string(d.streams[0].got), string(d.streams[1].got); err != nil || a != c.a || b != c.b {
			t.Errorf("%s: %q, %q, %v", c.name, a, b, err)
		}
	}
	for _, c := range []struct {
		got, want   string
		at, missing int
		fault       bool
	}{
		{"abc", "abc", 3, 0, false},
		{"ab", "abcd", 2, 2, false},
		{"ad", "abcd", 1, 2, false},
		{"a\nd", "abcd", 1, 2, false},
		{"abc\n", "abc", 3, 0, false},
		{"a\ncd\n", "abcd", 1, 1, false},
		{"a\n", "a\nb", 2, 1, false},
		{"abx", "abc", 0, 0, true},
		{"ba", "ab", 0, 0, true},
		{"abcbc", "abc", 0, 0, true},
	} {
		if at, missing, err := findGap([]byte(c.got), []byte(c.want)); at != c.at || missing != c.missing || err != nil != c.fault {
			t.Errorf("%q of %q: %d missing at %d, %v", c.got, c.want, missing, at, err)
		}
	}
}
