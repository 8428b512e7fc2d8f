package keeper

import (
	"bytes"
	"testing"
	"time"
)

// FuzzCollectLines: however the output arrives and whenever it is flushed, the
// pieces are the output, byte by byte.
func FuzzCollectLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nlast"), 1, 3, uint64(5))
	f.Add([]byte(""), 0, 0, uint64(0))
	f.Add([]byte("\xff\u20ac\U0001F600\n\xe2\x82"), 1, 7, uint64(1<<40-1))
	f.Fuzz(func(t *testing.T, text []byte, cut, times int, flushes uint64) {
		text = bytes.Repeat(text, max(min(times, 300), 1))
		if len(text) > 1<<16 {
			return
		}
		var c lineCollector
		var joined []byte
		inLine := false
		yield := func(p linePiece) {
			if p.continued != inLine {
				t.Fatalf("the piece %q is continued: %v", p.text, p.continued)
			}
			joined = append(joined, p.text...)
			if inLine = !p.ended; p.ended {
				joined = append(joined, '\n')
			}
		}
		for rest, i := text, 0; len(rest) > 0; i++ {
			n := min(max(cut, 1), len(rest))
			c.collect(rest[:n], time.Time{}, yield)
			if rest = rest[n:]; flushes>>(i%64)&1 == 1 {
				c.flush(time.Time{}, i%3 == 0, yield)
			}
		}
		if c.flush(time.Time{}, true, yield); len(c.held) > 0 || !bytes.Equal(joined, text) {
			t.Errorf("%.80q became %.80q", text, joined)
		}
	})
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
