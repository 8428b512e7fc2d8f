package output

import (
	"bytes"
	"fmt"

	"initiator/internal/supervise"
)

// formatLines returns lines for one write to the initiator's own output, with the
// name of the worker before each line where they are prefixed. Lines that are
// missing before them are reported first.
func formatLines(l supervise.Lines) []byte {
	prefix := ""
	if l.Prefixed {
		prefix = workerLabel(l) + " | "
	}
	var b bytes.Buffer
	if l.Dropped > 0 {
		fmt.Fprintf(&b, "%s%s\n", prefix, missingText(l.Dropped))
	}
	for _, text := range l.Lines {
		b.WriteString(prefix)
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// missingText reports missing lines.
func missingText(n int) string {
	return fmt.Sprintf("(initiator: %d lines are missing here, because they came too fast)", n)
}

// workerLabel returns "name:index".
func workerLabel(l supervise.Lines) string { return fmt.Sprintf("%s:%d", l.Name, l.Index) }
