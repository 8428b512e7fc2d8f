package procfs

import "bytes"

// EnvironValue returns the value of a variable in an environment as
// [ReadEnvironment] returns it; "" when the variable is missing. The first of
// two entries counts, as it does for the program itself.
func EnvironValue(environ []byte, name string) string {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if len(entry) > len(name) && entry[len(name)] == '=' && string(entry[:len(name)]) == name {
			return string(entry[len(name)+1:])
		}
	}
	return ""
}
