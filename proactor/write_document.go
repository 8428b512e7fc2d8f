package proactor

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// LiteralSection is a section for [WriteDocument]. Its values are literal.
type LiteralSection struct {
	Name    string
	Entries []Entry
}

// WriteDocument writes sections so that [Parse] and Python's configparser read back
// exactly these names and values: a dollar sign is doubled, and the lines of a
// value after its first are indented. A name or value that no INI
// document can hold is an error that names the section and the key, and nothing
// is written:
// white space at the end of a line, a line of a value that would read as a
// comment, CR, NUL, a key in capitals or with a delimiter in it.
func WriteDocument(w io.Writer, sections []LiteralSection) error {
	var b bytes.Buffer
	names := map[string]bool{}
	for _, s := range sections {
		if problem := badName(s.Name); problem != "" {
			return fmt.Errorf("write section %q: %s", s.Name, problem)
		}
		if names[s.Name] {
			return fmt.Errorf("write section %q: it is there twice", s.Name)
		}
		names[s.Name] = true
		if err := s.appendTo(&b); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (p LiteralSection) appendTo(b *bytes.Buffer) error {
	fmt.Fprintf(b, "[%s]\n", p.Name)
	keys := map[string]bool{}
	for _, e := range p.Entries {
		problem := e.UnwritableReason()
		if keys[e.Key] {
			problem = "the key is there twice"
		}
		if problem != "" {
			return fmt.Errorf("write [%s] %s: %s", p.Name, e.Key, problem)
		}
		keys[e.Key] = true
		e.appendTo(b)
	}
	b.WriteByte('\n')
	return nil
}

func (e Entry) appendTo(b *bytes.Buffer) {
	b.WriteString(e.Key)
	if e.Valued {
		value := strings.ReplaceAll(e.Value, "$", "$$")
		b.WriteString(" = " + strings.ReplaceAll(value, "\n", "\n\t"))
	}
	b.WriteByte('\n')
}

// UnwritableReason says why a reader would not read back the same entry; "" when
// it would.
func (e Entry) UnwritableReason() string {
	switch {
	case e.Key == "" || e.Key != trimSpace(e.Key) || e.Key != lower(e.Key) || notPlain(e.Key) != "":
		return "a key must be a word in lower case"
	case strings.ContainsAny(e.Key, "=:\n") || strings.ContainsRune("#;[", rune(e.Key[0])):
		return "a key must not hold = or :, nor begin with #, ; or ["
	case !e.Valued && e.Value != "":
		return "a value is given for a key that has none"
	}
	return badValue(e.Value)
}

func badValue(value string) string {
	if problem := notPlain(value); problem != "" {
		return problem
	}
	for i, line := range strings.Split(value, "\n") {
		switch {
		case line != trimSpace(line):
			return "a line of the value begins or ends with white space, which a reader strips"
		case i > 0 && line != "" && (line[0] == '#' || line[0] == ';'):
			return "a line of the value begins with " + line[:1] + ", which a reader takes for a comment"
		}
	}
	if strings.HasSuffix(value, "\n") {
		return "the value ends with an empty line, which a reader strips"
	}
	return ""
}

func badName(name string) string {
	if name == "" || strings.Contains(name, "\n") {
		return "a section's name is one line and not empty"
	}
	return notPlain(name)
}

func notPlain(s string) string {
	switch {
	case strings.ContainsAny(s, "\x00\r"):
		return "it holds a NUL or a carriage return"
	case !utf8.ValidString(s):
		return "it is not UTF-8"
	}
	return ""
}

// TrimLines returns the entry without the white space around the lines of its
// value, which a reference can bring in and no INI document can hold.
func (e Entry) TrimLines() Entry {
	lines := strings.Split(e.Value, "\n")
	for i := range lines {
		lines[i] = trimSpace(lines[i])
	}
	e.Value = strings.TrimRight(strings.Join(lines, "\n"), "\n")
	return e
}
