// Package shellwords cuts a command line into words, for our own dialect and
// for supervisord's, which agree on this and on little else.
package shellwords

import "strings"

// Line is a command line that has been cut. Quote and Escaped say what was
// still open at its end; the caller, who knows how to tell a person, refuses
// a line where either is set.
type Line struct {
	Words   []string
	Quote   rune // the quotation that does not end; 0 = none
	Escaped bool // the last character is a backslash
}

// Split cuts a line as a POSIX shell does: single quotes keep everything,
// double quotes all but a backslash before " and \, a backslash outside keeps
// the next character. There is nothing else of a shell: no variables,
// patterns, pipes or comments.
func Split(s string) Line {
	c := cutter{}
	for _, r := range s {
		c.next(r)
	}
	c.end()
	return c.Line
}

type cutter struct {
	Line
	word strings.Builder
	open bool // a word has begun, if only by an empty quotation
}

func (c *cutter) next(r rune) {
	switch {
	case c.Escaped:
		c.Escaped = false
		if c.Quote == '"' && r != '"' && r != '\\' {
			c.word.WriteByte('\\')
		}
		c.word.WriteRune(r)
	case r == '\\' && c.Quote != '\'':
		c.Escaped, c.open = true, true
	case c.Quote != 0 && r == c.Quote:
		c.Quote = 0
	case c.Quote == 0 && (r == '\'' || r == '"'):
		c.Quote, c.open = r, true
	case c.Quote == 0 && strings.ContainsRune(" \t\r\n", r):
		c.end()
	default:
		c.open = true
		c.word.WriteRune(r)
	}
}

func (c *cutter) end() {
	if c.open {
		c.Words = append(c.Words, c.word.String())
	}
	c.word.Reset()
	c.open = false
}
