package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Truncate makes a text printable and shortens it to width columns; 0 means no
// limit.
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

// WrapWords breaks a text between words into lines of at most width columns; 0
// means no limit. A word that is longer than a line gets a line of its own.
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

// OneLine joins the lines of a text with blanks, and makes it printable.
func OneLine(s string) string { return Printable(strings.Join(strings.Fields(s), " ")) }

// IndentLines indents lines that a worker wrote, to set them apart from the
// program's own text, and escapes them.
func IndentLines(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("  " + Escape(strings.ReplaceAll(line, "\n", "\n  ")) + "\n")
	}
	return b.String()
}

// Plural returns a number with its noun: "1 worker", "2 workers".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// JoinNames joins names for a sentence. It shows five names and counts the
// rest.
func JoinNames(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + " and " + strconv.Itoa(len(names)-shown) + " more"
	}
	return strings.Join(names, ", ")
}

// NumberOrDash returns a number as text, and "-" for 0, which means "none".
func NumberOrDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// ShortGUID returns the first 8 characters of a guid, which are enough to tell
// workers apart.
func ShortGUID(guid string) string {
	if len(guid) > 8 {
		return guid[:8]
	}
	return guid
}

// PortText formats the port of a worker; it returns "" for a worker without a
// port (0).
func PortText(format string, port int) string {
	if port == 0 {
		return ""
	}
	return fmt.Sprintf(format, port)
}
