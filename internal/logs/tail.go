package logs

import (
	"bytes"
	"io"
	"os"
)

// tailBlock is how many bytes are read at a time from the end of a file.
const tailBlock = 64 << 10

// seekTail moves f to its last n lines, and returns how many lines are missing:
// then f is at its beginning.
func seekTail(f *os.File, n int) (wanting int, err error) {
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return n, err
	}
	empty := at == 0
	block := make([]byte, min(at, tailBlock))
	for end := true; at > 0; {
		size := min(at, tailBlock)
		at -= size
		if _, err := f.ReadAt(block[:size], at); err != nil {
			return n, err
		}
		part := block[:size]
		if end { // the line end of the last line does not count
			part = bytes.TrimSuffix(part, []byte("\n"))
			end = false
		}
		for i := bytes.LastIndexByte(part, '\n'); i >= 0; i = bytes.LastIndexByte(part[:i], '\n') {
			if n--; n == 0 {
				_, err := f.Seek(at+int64(i)+1, io.SeekStart)
				return 0, err
			}
		}
	}
	if _, err = f.Seek(0, io.SeekStart); !empty {
		n-- // the first line has no line end before it
	}
	return n, err
}
