package supervisorctl

import (
	"fmt"
	"time"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// nameColumn is the least width of supervisorctl's first column.
const nameColumn = 30

// StatusLines returns the lines of `supervisorctl status`, in the order of
// list.
func StatusLines(list []report.Worker, names map[string]string, now time.Time) (lines []string) {
	width := nameColumn
	for _, w := range list {
		width = max(width, len(names[w.GUID]))
	}
	for _, w := range list {
		lines = append(lines, fmt.Sprintf("%-*s%-10s%s", width+3, names[w.GUID], w.State, terminal.Printable(describeProcess(w, now))))
	}
	return lines
}

// describeProcess returns what supervisorctl shows beside the state.
func describeProcess(w report.Worker, now time.Time) string {
	switch w.State {
	case report.Running:
		return fmt.Sprintf("pid %d, uptime %s", w.PID, terminal.FormatUptime(now.Sub(w.Started)))
	case report.Fatal, report.Backoff:
		return w.Reason
	case report.Stopped, report.Exited:
		if w.Incarnation == 0 {
			return "Not started"
		}
		return w.Since.Local().Format("Jan 02 03:04 PM")
	}
	return ""
}
