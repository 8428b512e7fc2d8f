package terminal

import (
	"os"
	"strings"
	"testing"
)

// terminalScreen returns the screen of a terminal, and the text that is written to the screen.
func terminalScreen() (*Screen, *strings.Builder) {
	var seen strings.Builder
	return &Screen{w: &seen, terminal: true, file: os.Stdin}, &seen
}

func TestOutputWriter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x1b[1;31mred\n next":                   "\x1b[1;31mred\x1b[0m\n next",
		"\x1b[38:2::1:2:3mc\x1b[mplain\n":        "\x1b[38:2::1:2:3mc\x1b[mplain\x1b[0m\n",
		"\x1b[31mno end":                         "\x1b[31mno end\x1b[0m",
		"\x1b[2J\x1b[31K\x1b]0;t\x07":            `\x1b[2J\x1b[31K\x1b]0;t\x07`,
		"\x1b[" + strings.Repeat("1;", 40) + "m": `\x1b[` + strings.Repeat("1;", 40) + "m",
		"\x1b\x1b[1mx":                           "\\x1b\x1b[1mx\x1b[0m",
		"50%\r60%\r\n":                           "50%\\r60%\n",
		"漢\xe6\xbc":                              `漢\xe6\xbc`,
		"\x1b[31":                                `\x1b[31`,
		"\r":                                     `\r`,
		"\u202e\tend\u2028":                      `\u202e` + "\t" + `end\u2028`,
	} {
		// A text is shown alike, however it is cut into writes.
		for cut := range len(text) + 1 {
			s, seen := terminalScreen()
			o := s.OutputWriter()
			for _, part := range []string{text[:cut], text[cut:]} {
				if n, err := o.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatalf("%q: %d, %v", part, n, err)
				}
			}
			if err := o.Flush(); err != nil {
				t.Fatal(err)
			}
			if seen.String() != want {
				t.Errorf("%q, cut at %d: %q, want %q", text, cut, seen.String(), want)
			}
		}
	}
}

// A pipe gets the bytes of the worker unchanged.
func TestOutputWriterOfPipe(t *testing.T) {
	t.Parallel()
	var seen strings.Builder
	o := NewPlainScreen(&seen).OutputWriter()
	const text = "\x1b[2J\xff\r\u202e\x1b[31"
	if _, err := o.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := o.Flush(); err != nil || seen.String() != text {
		t.Errorf("%q, %v", seen.String(), err)
	}
}

// What a verb writes to its screen is escaped on a terminal only, and a line is
// escaped everywhere.
func TestScreenEscapes(t *testing.T) {
	t.Parallel()
	s, seen := terminalScreen()
	_, _ = s.Write([]byte("\x1b[31mx\n"))
	if seen.String() != `\x1b[31mx`+"\n" {
		t.Errorf("terminal: %q", seen.String())
	}
	var file strings.Builder
	f := NewPlainScreen(&file)
	_, _ = f.Write([]byte("\x1b[31mx\n"))
	_ = f.WriteLines("\x1b[31mx")
	if file.String() != "\x1b[31mx\n"+`\x1b[31mx`+"\n" {
		t.Errorf("file: %q", file.String())
	}
}
