// Package jsonappend appends strings to JSON without reflection.
package jsonappend

import "encoding/json"

// AppendString appends s to b as a JSON string. The result is that of
// json.Marshal, which is called only for a string that needs escapes.
func AppendString(b []byte, s string) []byte {
	if !IsPlain(s) {
		quoted, _ := json.Marshal(s) // a string always marshals
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// IsPlain reports whether the JSON form of s is s between two quotes, also for
// an encoder that escapes the characters of HTML.
func IsPlain[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
