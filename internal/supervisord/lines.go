package supervisord

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sourceLine is one line of a file.
type sourceLine struct {
	number  int
	text    string // without its comment and the white space around
	indent  int    // characters of white space at its beginning
	comment string // with its mark; "" = none
	blank   bool   // neither text nor comment
}

// isSpace is Python's str.isspace, which also contains four separators of
// ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f) }

func trimSpace(s string) string { return strings.TrimFunc(s, isSpace) }

// readLines cuts data at LF, CRLF and CR.
func readLines(data string) []sourceLine {
	data = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data)
	all := strings.Split(data, "\n")
	if last := len(all) - 1; all[last] == "" {
		all = all[:last]
	}
	lines := make([]sourceLine, len(all))
	for i, text := range all {
		lines[i] = readLine(i+1, text)
	}
	return lines
}

func readLine(number int, text string) sourceLine {
	l := sourceLine{number: number}
	at := commentAt(text)
	if at >= 0 {
		l.comment = trimSpace(text[at:])
		l.text = trimSpace(text[:at])
	} else {
		l.text = trimSpace(text)
	}
	l.indent = utf8.RuneCountInString(text) - utf8.RuneCountInString(strings.TrimLeftFunc(text, isSpace))
	l.blank = l.text == "" && at < 0
	return l
}

// commentAt returns where the comment of a line begins, -1 without a comment:
// at a ; or # that begins the line or follows white space. Python searches for
// both marks in turn and stops in the round in which it finds a comment. So in
// "a;b ;c #d" and similar lines the first mark is not always the beginning.
func commentAt(text string) int {
	if t := trimSpace(text); strings.HasPrefix(t, ";") || strings.HasPrefix(t, "#") {
		return 0
	}
	next := map[byte]int{';': 0, '#': 0} // where to go on searching for each mark
	for len(next) > 0 {
		found := -1
		for _, mark := range []byte{';', '#'} {
			from, looking := next[mark]
			if !looking {
				continue
			}
			i := strings.IndexByte(text[from:], mark)
			if i < 0 {
				delete(next, mark)
				continue
			}
			i += from
			next[mark] = i + 1
			if beginsComment(text, i) && (found < 0 || i < found) {
				found = i
			}
		}
		if found >= 0 {
			return found
		}
	}
	return -1
}

func beginsComment(text string, i int) bool {
	if i == 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return isSpace(r)
}
