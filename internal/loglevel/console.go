package loglevel

import (
	"strings"

	"github.com/hashicorp/go-hclog"
)

// maxTimes is how many fields before the level a time can have: a date, a time of
// day and a zone.
const maxTimes = 3

// parseConsole returns the level that stands after a time. A level in lower case
// must stand in brackets or behind a tab, because words of a sentence can mean a
// level.
func parseConsole(line string) hclog.Level {
	rest, times := line, 0
	marked := false
	for times <= maxTimes {
		field, after, separator := cutField(rest)
		if !isTime(field) {
			break
		}
		rest, marked = after, separator == '\t'
		times++
	}
	if times == 0 || times > maxTimes {
		return hclog.NoLevel
	}
	word, _, _ := cutField(rest)
	word = strings.TrimSuffix(word, ":")
	if inner, ok := strings.CutPrefix(word, "["); ok {
		if word, ok = strings.CutSuffix(inner, "]"); !ok {
			return hclog.NoLevel
		}
		marked = true
	}
	if !marked && word != strings.ToUpper(word) {
		return hclog.NoLevel
	}
	return levelOfWord(word)
}

// cutField returns the field at the beginning of a text without colours, the text
// after it and its blanks, and the blank that ended the field; 0 = the text ended.
func cutField(text string) (field, rest string, separator byte) {
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return withoutColours(text), "", 0
	}
	return withoutColours(text[:end]), skipBlanks(text[end:]), text[end]
}

// withoutColours returns a field without the SGR sequences before and after its
// word.
func withoutColours(field string) string {
	for strings.HasPrefix(field, "\x1b[") {
		_, after, ok := strings.Cut(field, "m")
		if !ok {
			return ""
		}
		field = after
	}
	field, _, _ = strings.Cut(field, "\x1b")
	return field
}

// longestTime is longer than every time that a library writes as one field.
const longestTime = 40

// isTime reports whether a field consists of the characters of a date, of a time
// of day, or of seconds since 1970.
func isTime(field string) bool {
	if field == "" || len(field) > longestTime {
		return false
	}
	digits := 0
	for _, c := range []byte(field) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune("-+:./,TZeAPM", rune(c)):
			return false
		}
	}
	return digits > 0 && (field[0] >= '0' && field[0] <= '9' || field[0] == '+' || field[0] == '-')
}
