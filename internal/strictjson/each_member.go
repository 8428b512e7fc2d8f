package strictjson

import (
	"bytes"
	"encoding/json"
)

// eachMember calls f with the name of each member of an object until f returns an
// error, which it returns. data is valid JSON; a value that is no object has no
// members.
func eachMember(data []byte, f func(name []byte) error) error {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := i + stringLength(data[i:])
			if depth == 1 && isName(data[end:]) {
				if err := f(unquoteName(data[i:end])); err != nil {
					return err
				}
			}
			i = end - 1
		}
	}
	return nil
}

// stringLength returns the length of the string with which data begins, with its
// quotes.
func stringLength(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// isName reports whether the string before rest is the name of a member.
func isName(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// unquoteName returns the text of a quoted name.
func unquoteName(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // the whole object has been decoded before
	return []byte(text)
}
