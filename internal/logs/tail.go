package logs

import (
	"bytes"
	"io"
	"os"
)

// tailBlock is how many bytes are read at a time from the end of a file.
const tailBlock = 64 << 10

// seekTail moves f to its last n lines, and returns how many lines are missing:
// then f is at its beginning, whose line may begin in the file before it. With
// newest, no file follows f, and the line end of its last line begins no line.
func seekTail(f *os.File, n int, newest bool) (wanting int, err error) {
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return n, err
	}
	block := make([]byte, min(at, tailBlock))
	for end := newest; at > 0; end = false {
		size := min(at, tailBlock)
		at -= size
		if _, err := f.ReadAt(block[:size], at); err != nil {
			return n, err
		}
		part := block[:size]
		if end {
			part = bytes.TrimSuffix(part, []byte("\n"))
		}
		for i := bytes.LastIndexByte(part, '\n'); i >= 0; i = bytes.LastIndexByte(part[:i], '\n') {
			if n--; n == 0 {
				_, err := f.Seek(at+int64(i)+1, io.SeekStart)
				return 0, err
			}
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return n, err
}
