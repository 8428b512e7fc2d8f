package linemark

import "unicode/utf8"

// WholeCharacters returns the length of text without the first bytes of a UTF-8
// character at its end. Text that is not UTF-8 counts as whole.
func WholeCharacters(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				break
			}
			return len(text) - n
		}
	}
	return len(text)
}
