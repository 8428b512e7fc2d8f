package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Truncate shortens a text to so many columns; 0 = leave it.
func Truncate(s string, width int) string {
	s = Printable(s)
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	if width == 1 {
		return "…"
	}
	return string([]rune(s)[:width-1]) + "…"
}

// WrapWords breaks a text between words into lines of at most so many columns;
// 0 = leave it. A word that is longer has a line of its own.
func WrapWords(s string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// Printable keeps what a worker says from steering the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return -1
	}, s)
}

// OneLine keeps an error on its line.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// IndentLines sets lines apart that are not ours.
func IndentLines(lines []string) string {
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// Plural is "1 worker", "2 workers".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// JoinNames joins names for a sentence, and counts those that do not fit in it.
func JoinNames(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + " and " + strconv.Itoa(len(names)-shown) + " more"
	}
	return strings.Join(names, ", ")
}

// NumberOrDash shows nothing for a zero that means "none".
func NumberOrDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// ShortGUID is as much of a guid as tells workers apart by eye.
func ShortGUID(guid string) string {
	if len(guid) > 8 {
		return guid[:8]
	}
	return guid
}

// PortText says where a worker serves, and nothing of one that has no port.
func PortText(format string, port int) string {
	if port == 0 {
		return ""
	}
	return fmt.Sprintf(format, port)
}
