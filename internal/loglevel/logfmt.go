package loglevel

import (
	"strings"

	"github.com/hashicorp/go-hclog"
)

// parseLogfmt returns the level of the first pair that means one, in a line that
// consists of pairs up to there.
func parseLogfmt(line string) hclog.Level {
	for rest := skipBlanks(line); rest != ""; rest = skipBlanks(rest) {
		var key, value string
		var ok bool
		if key, rest, ok = cutKey(rest); !ok {
			break
		}
		if strings.HasPrefix(rest, `"`) {
			if value, rest, ok = cutString(rest); !ok {
				break
			}
		} else {
			value, rest, _ = strings.Cut(rest, " ")
		}
		if isLevelKey(key) {
			if level := levelOfWord(value); level != hclog.NoLevel {
				return level
			}
		}
	}
	return hclog.NoLevel
}

// longestKey bounds the name of a pair, so that a long line without pairs is
// rejected early.
const longestKey = 64

// cutKey returns the name of the pair at the beginning of a text, and the text
// after its equals sign.
func cutKey(text string) (key, rest string, ok bool) {
	for i := range min(len(text), longestKey) {
		switch c := text[i]; {
		case c == '=':
			return text[:i], text[i+1:], i > 0
		case c <= ' ' || c == '"':
			return "", "", false
		}
	}
	return "", "", false
}
