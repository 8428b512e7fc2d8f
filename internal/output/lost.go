package output

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// lostText counts the text that a writer has refused, and reports it once the
// writer takes text again. The zero value is ready.
type lostText struct {
	lines  int
	err    error // of the first refusal
	inLine bool  // the text that was written last ends inside a line
}

// write writes p, behind the report of what was lost before.
func (t *lostText) write(to io.Writer, p []byte) {
	if t.lines > 0 {
		note := fmt.Sprintf("initiator | %d lines were lost here: %v\n", t.lines, t.err)
		if t.inLine {
			note = "\n" + note
		}
		if _, err := io.WriteString(to, note); err != nil {
			t.lines += countLines(p)
			return
		}
		*t = lostText{}
	}
	n, err := to.Write(p)
	if n > 0 {
		t.inLine = p[n-1] != '\n'
	}
	if err != nil {
		t.lines, t.err = countLines(p[n:]), explainError(err)
	}
}

// explainError returns the system's error without the name of the file.
func explainError(err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno
	}
	return err
}
