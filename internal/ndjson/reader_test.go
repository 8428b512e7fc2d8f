package ndjson

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads everything, with "!" for a line that is too long.
func readAll(r *Reader) (lines []string, err error) {
	for {
		line, err := r.NextLine()
		switch {
		case errors.Is(err, ErrTooLong):
			lines = append(lines, "!")
		case err == io.EOF:
			return lines, nil
		case err != nil:
			return lines, err
		default:
			lines = append(lines, string(line))
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*bufferSize)
	for name, x := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                       {"", nil},
		"one":                           {"1\n", []string{"1"}},
		"the last without an end":       {"1\n2", []string{"1", "2"}},
		"blank ones are none":           {"\n \n1\r\n\t\r\n\n2\n\n", []string{"1", "2"}},
		"exactly the limit":             {"12345678\n", []string{"12345678"}},
		"one byte more":                 {"123456789\n1\n", []string{"!", "1"}},
		"longer than the buffer":        {long + "\n1\n" + long, []string{"!", "1", "!"}},
		"blank and too long, still bad": {strings.Repeat(" ", 100) + "\n1", []string{"!", "1"}},
	} {
		for how, from := range map[string]io.Reader{
			"at once": strings.NewReader(x.text), "by bytes": iotest.OneByteReader(strings.NewReader(x.text)),
		} {
			if got, err := readAll(NewReader(from, 8)); err != nil || !slices.Equal(got, x.want) {
				t.Errorf("%s, %s: %q, %v; want %q", name, how, got, err, x.want)
			}
		}
	}
}

// The number of a line is the one that an editor shows.
func TestLineCountsBlankOnes(t *testing.T) {
	r := NewReader(strings.NewReader("\n\n1\ntoo long\n2"), 3)
	for _, want := range []int{3, 4, 5} {
		if _, err := r.NextLine(); r.LineNumber() != want {
			t.Errorf("line %d (%v), want %d", r.LineNumber(), err, want)
		}
	}
}

func TestHasLineMeansAWholeLine(t *testing.T) {
	in, out := io.Pipe()
	r := NewReader(in, 100)
	go func() {
		_, _ = out.Write([]byte("1\n2\n3"))
		_ = out.CloseWithError(io.ErrUnexpectedEOF)
	}()
	var ready []bool
	for {
		_, err := r.NextLine()
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v, want what broke it off", err)
			}
			break
		}
		ready = append(ready, r.HasLine())
	}
	if !slices.Equal(ready, []bool{true, false}) {
		t.Errorf("%v; the third line never came whole", ready)
	}
}

// FuzzReader checks that NextLine returns the lines of any text, and that a line
// which is too long affects no other line.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "{}\n", "1\n\n2", "\r\n\r\n", "too long a line\n1", "a\x00b\n\xff\n"} {
		f.Add([]byte(seed), 8)
	}
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		limit = max(0, limit%100)
		got, err := readAll(NewReader(iotest.HalfReader(bytes.NewReader(text)), limit))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			switch trimmed := bytes.TrimSpace(line); {
			case len(line) > limit:
				want = append(want, "!")
			case len(trimmed) > 0:
				want = append(want, string(trimmed))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q, of %q with %d", got, want, text, limit)
		}
	})
}

// BeforeLong is called once for each line that is longer than the buffer, and its error
// ends the read.
func TestBeforeLong(t *testing.T) {
	long := strings.Repeat("x", 3*bufferSize)
	r := NewReader(strings.NewReader("1\n"+long+"\n2\n"+long+"\n"), 4*bufferSize)
	calls, full := 0, errors.New("full")
	r.BeforeLong = func() error {
		if calls++; calls == 2 {
			return full
		}
		return nil
	}
	lines, err := readAll(r)
	if !slices.Equal(lines, []string{"1", long, "2"}) || !errors.Is(err, full) || calls != 2 {
		t.Errorf("%d lines, %d calls: %v", len(lines), calls, err)
	}
}
