package logs

import "initiator/internal/trustedpath"

// EndsInLine reports whether the last byte of a log of so many bytes is not a line
// end: its writer was killed in the middle of a line. It is false for a log that
// cannot be read.
func EndsInLine(path string, size int64) bool {
	if size == 0 {
		return false
	}
	f, err := trustedpath.OpenRead(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	var last [1]byte
	n, _ := f.ReadAt(last[:], size-1)
	return n == 1 && last[0] != '\n'
}
