// Package jsonappend appends strings to JSON without reflection and without garbage.
package jsonappend

import "unicode/utf8"

// AppendString appends s to b as a JSON string. The result is that of json.Marshal,
// which escapes the characters of HTML, and replaces bytes that are not UTF-8.
func AppendString[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(b, '"')
	begin := 0 // of the text that is not appended yet
	for i := 0; i < len(s); {
		if isPlainByte(s[i]) {
			i++
			continue
		}
		size, escape := escapeAt(s, i)
		if escape != "" {
			b = append(append(b, s[begin:i]...), escape...)
			begin = i + size
		}
		i += size
	}
	return append(append(b, s[begin:]...), '"')
}

// escapes has the escape of each ASCII character; "" = the character stands for
// itself.
var escapes = makeEscapes()

func makeEscapes() (all [utf8.RuneSelf]string) {
	const digits = "0123456789abcdef"
	for c := range byte(utf8.RuneSelf) {
		if c < ' ' || c == '<' || c == '>' || c == '&' {
			all[c] = `\u00` + digits[c>>4:c>>4+1] + digits[c&15:c&15+1]
		}
	}
	for c, escape := range map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`} {
		all[c] = escape
	}
	return all
}

// escapeAt returns the length of the character at the position i, in bytes, and its
// escape; "" = it stands for itself.
func escapeAt[T ~string | ~[]byte](s T, i int) (size int, escape string) {
	if s[i] < utf8.RuneSelf {
		return 1, escapes[s[i]]
	}
	var char [utf8.UTFMax]byte
	r, size := utf8.DecodeRune(char[:copy(char[:], s[i:])])
	switch {
	case r == utf8.RuneError && size == 1:
		return size, `\ufffd`
	case r == '\u2028':
		return size, `\u2028`
	case r == '\u2029':
		return size, `\u2029`
	}
	return size, ""
}

// IsPlain reports whether the JSON form of s is s between two quotes, also for
// an encoder that escapes the characters of HTML.
func IsPlain[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if !isPlainByte(s[i]) {
			return false
		}
	}
	return true
}

func isPlainByte(c byte) bool {
	return ' ' <= c && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
}
