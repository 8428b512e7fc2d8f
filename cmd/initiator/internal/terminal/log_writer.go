package terminal

import (
	"io"
	"strings"
)

// continuation begins every line of a record but the first.
const continuation = "  | "

// LogWriter is the output of a logger that writes a record with each call, such as
// hclog. A record may quote what a worker or a client has sent. Nothing in it begins a line
// like a record: further lines are indented, and what Escape escapes is escaped,
// also in a file.
type LogWriter struct{ To io.Writer }

// Write implements io.Writer.
func (l LogWriter) Write(p []byte) (int, error) {
	lines := strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")
	for i, line := range lines {
		if i > 0 && !strings.HasPrefix(line, "  ") {
			line = continuation + line
		}
		lines[i] = Escape(line)
	}
	if _, err := io.WriteString(l.To, strings.Join(lines, "\n")+"\n"); err != nil {
		return 0, err
	}
	return len(p), nil
}
