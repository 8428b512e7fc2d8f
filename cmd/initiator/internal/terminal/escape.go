package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape writes out what could steer a terminal or change the order of the text:
// control characters except tab and newline, the directional overrides of Unicode,
// its separators of lines and paragraphs, and bytes that are not UTF-8. U+009B
// becomes \u009b, the byte FF \xff. JSON remains the same JSON. A carriage return at
// the end of a line is left out.
func Escape(s string) string {
	if !strings.ContainsFunc(s, isUnsafe) && utf8.ValidString(s) {
		return s
	}
	return string(appendEscaped(nil, s))
}

// appendEscaped appends the escaped text to b.
func appendEscaped(b []byte, s string) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case strings.HasPrefix(s, "\r\n"): // the end of a line
		case r == '\r':
			b = append(b, `\r`...)
		case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && isUnsafe(r) && r != 0x7f:
			b = fmt.Appendf(b, `\x%02x`, s[0])
		case isUnsafe(r):
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = append(b, s[:size]...)
		}
		s = s[size:]
	}
	return b
}

// isUnsafe reports whether a character is escaped.
func isUnsafe(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // directional embeddings, overrides and isolates
		return true
	case r == 0x2028, r == 0x2029: // separators of lines and paragraphs
		return true
	}
	return unicode.IsControl(r)
}

// Printable is Escape for text in one line: a newline and a tab become a blank.
func Printable(s string) string { return Escape(lineEnds.Replace(s)) }

var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ")
