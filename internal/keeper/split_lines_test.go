package keeper

import (
	"bytes"
	"testing"
)

// FuzzSplitLines: however the output arrives, the lines are the same; none has a
// line end or is longer than the limit, and together they are the output.
func FuzzSplitLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nlast"), 1, 3)
	f.Add([]byte(""), 0, 0)
	f.Add(bytes.Repeat([]byte("x"), 100), 1, 1000)
	f.Fuzz(func(t *testing.T, text []byte, cut, times int) {
		text = bytes.ReplaceAll(text, []byte("\r"), nil) // a \r before a line end is removed
		text = bytes.Repeat(text, max(min(times, 3000), 1))
		if len(text) > 1<<20 {
			return
		}
		whole, pieces := splitAll(text, len(text)+1), splitAll(text, max(cut, 1))
		if len(whole) != len(pieces) {
			t.Fatalf("%d lines in one piece and %d in many", len(whole), len(pieces))
		}
		var joined []byte
		for i, line := range whole {
			if !bytes.Equal(line, pieces[i]) || len(line) > lineLimit || bytes.ContainsRune(line, '\n') {
				t.Fatalf("line %d of %d bytes: %.40q and %.40q", i, len(line), line, pieces[i])
			}
			joined = append(joined, line...)
		}
		if want := bytes.ReplaceAll(text, []byte("\n"), nil); !bytes.Equal(joined, want) {
			t.Errorf("%d bytes became %d", len(want), len(joined))
		}
	})
}

// splitAll returns the lines of a text that arrives in pieces of so many bytes.
func splitAll(text []byte, size int) (lines [][]byte) {
	var s lineSplitter
	keep := func(line []byte) { lines = append(lines, bytes.Clone(line)) }
	for size = max(size, len(text)/1000+1); len(text) > size; text = text[size:] {
		s.splitLines(text[:size], keep)
	}
	s.splitLines(text, keep)
	s.emitPartial(keep)
	return lines
}

// FuzzStrings: a list that an order carries arrives as it was sent. No argument
// and no variable of a process can have a NUL.
func FuzzStrings(f *testing.F) {
	f.Add("a\nb", "c")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		if bytes.ContainsRune([]byte(a+b), 0) {
			return
		}
		for _, list := range [][]string{nil, {a}, {a, b}, {"", a, ""}} {
			got := splitNUL(joinNUL(list))
			if len(got) != len(list) {
				t.Fatalf("%q became %q", list, got)
			}
			for i := range list {
				if got[i] != list[i] {
					t.Errorf("%q became %q", list, got)
				}
			}
		}
	})
}
