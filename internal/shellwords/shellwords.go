// Package shellwords splits a command line into words as a POSIX shell does, for
// the initiator's own INI dialect and for supervisord's.
package shellwords

import "strings"

// Line is a command line that has been split. Quote and Escaped say what was
// still open at its end. The caller refuses a line when one of them is set.
type Line struct {
	Words   []string
	Quote   rune // the quotation that does not end; 0 = none
	Escaped bool // the last character is a backslash
}

// SplitLine splits a line as a POSIX shell does: single quotes keep everything,
// double quotes all but a backslash before " and \, a backslash outside keeps
// the next character. There is nothing else of a shell: no variables,
// patterns, pipes or comments.
func SplitLine(s string) Line {
	c := cutter{}
	for _, r := range s {
		c.addRune(r)
	}
	c.endWord()
	return c.Line
}

// Protected stands in the words of BareWords for a character that a quotation or a
// backslash protects.
const Protected = '\uFFFD'

// BareWords splits a line as SplitLine does, and returns Protected in the place of each
// character that a shell would take as it stands.
func BareWords(s string) []string {
	c := cutter{bare: true}
	for _, r := range s {
		c.addRune(r)
	}
	c.endWord()
	return c.Words
}

type cutter struct {
	Line
	bare bool // see BareWords
	word strings.Builder
	open bool // a word has begun, if only by an empty quotation
}

func (c *cutter) addRune(r rune) {
	switch {
	case c.Escaped:
		c.Escaped = false
		if c.Quote == '"' && r != '"' && r != '\\' {
			c.writeProtected('\\')
		}
		c.writeProtected(r)
	case r == '\\' && c.Quote != '\'':
		c.Escaped, c.open = true, true
	case c.Quote != 0 && r == c.Quote:
		c.Quote = 0
	case c.Quote == 0 && (r == '\'' || r == '"'):
		c.Quote, c.open = r, true
	case c.Quote == 0 && strings.ContainsRune(" \t\r\n", r):
		c.endWord()
	case c.Quote != 0:
		c.writeProtected(r)
	default:
		c.open = true
		c.word.WriteRune(r)
	}
}

// writeProtected adds a character that a quotation or a backslash protects.
func (c *cutter) writeProtected(r rune) {
	if c.bare {
		r = Protected
	}
	c.word.WriteRune(r)
}

func (c *cutter) endWord() {
	if c.open {
		c.Words = append(c.Words, c.word.String())
	}
	c.word.Reset()
	c.open = false
}
