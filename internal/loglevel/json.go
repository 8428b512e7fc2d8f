package loglevel

import (
	"strings"

	"github.com/hashicorp/go-hclog"
)

// parseJSON returns the level of the first member of an object that means one. It
// reads no further, so the rest of the line need not be JSON.
func parseJSON(line string) hclog.Level {
	rest, ok := strings.CutPrefix(line, "{")
	for ok {
		var key, value string
		if key, rest, ok = cutString(skipBlanks(rest)); !ok {
			break
		}
		if rest, ok = strings.CutPrefix(skipBlanks(rest), ":"); !ok {
			break
		}
		if value, rest, ok = cutValue(skipBlanks(rest)); !ok {
			break
		}
		if isLevelKey(key) {
			if level := levelOfValue(value); level != hclog.NoLevel {
				return level
			}
		}
		rest, ok = strings.CutPrefix(skipBlanks(rest), ",")
	}
	return hclog.NoLevel
}

// levelOfValue returns the level of a JSON string or number.
func levelOfValue(value string) hclog.Level {
	if word, ok := strings.CutPrefix(value, `"`); ok {
		return levelOfWord(strings.TrimSuffix(word, `"`))
	}
	return levelOfNumber(value)
}

// cutString returns the JSON string at the beginning of a text, without its
// quotation marks and with its escapes, and the text after it.
func cutString(text string) (content, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[1:i], text[i+1:], true
		}
	}
	return "", "", false
}

// cutValue returns the JSON value at the beginning of a text, and the text after it.
func cutValue(text string) (value, rest string, ok bool) {
	switch {
	case text == "":
		return "", "", false
	case text[0] == '"':
		content, rest, ok := cutString(text)
		return text[:min(len(text), len(content)+2)], rest, ok
	case text[0] == '{', text[0] == '[':
		return cutNested(text)
	}
	end := strings.IndexAny(text, ",}] \t")
	if end <= 0 {
		return "", "", false
	}
	return text[:end], text[end:], true
}

// cutNested is cutValue for an object or an array.
func cutNested(text string) (value, rest string, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			content, _, ok := cutString(text[i:])
			if !ok {
				return "", "", false
			}
			i += len(content) + 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return text[:i+1], text[i+1:], true
			}
		}
	}
	return "", "", false
}
