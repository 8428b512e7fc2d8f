package proactor

import (
	"strings"
	"unicode"
)

// isSpace is Python's str.isspace: Unicode's white space and the four
// separators 0x1c to 0x1f, which Go does not count.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f)
}

// trimSpace removes the white space at both ends that a reader of an INI document
// would, which is a little more than Go counts.
func trimSpace(s string) string { return strings.TrimFunc(s, isSpace) }

func trimRight(s string) string { return strings.TrimRightFunc(s, isSpace) }

// indent counts the characters of white space before the first other one.
func indent(s string) int {
	n := 0
	for _, r := range s {
		if !isSpace(r) {
			return n
		}
		n++
	}
	return 0
}

// lower is Python's str.lower, which differs from Go's in two letters: the
// dotted capital I becomes two characters, and a capital sigma that ends a
// word becomes the final form.
func lower(s string) string {
	if !strings.ContainsAny(s, "İΣ") {
		return strings.ToLower(s)
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && endsWord(runes, i):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// endsWord is the condition Final_Sigma of the Unicode standard, section 3.13:
// a cased letter before, none after, characters without case in between ignored.
func endsWord(runes []rune, at int) bool {
	before := at - 1
	for before >= 0 && isCaseIgnorable(runes[before]) {
		before--
	}
	after := at + 1
	for after < len(runes) && isCaseIgnorable(runes[after]) {
		after++
	}
	return before >= 0 && isCased(runes[before]) && (after == len(runes) || !isCased(runes[after]))
}

func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func isCaseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:^`¨\u00ad\u00af´·¸\u0387\u055f\u05f4‘’․‧\ufe13\ufe52\ufe55＇．：", r)
}
