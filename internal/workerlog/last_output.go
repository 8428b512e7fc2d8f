package workerlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/supervise"
)

// lastLines is how much of the end of a log explains a death: an exception's name
// is in the last line, and its place a few lines above.
const lastLines = 10

// LastOutput returns the last lines of a process that should not have ended; nil
// for every other worker. Problem says which of its logs cannot be read; "" = none.
func (r *Reader) LastOutput(ctx context.Context, w report.Worker) (lines []string, problem string) {
	q, wanted := lastOutputQuery(w)
	if !wanted {
		return nil, ""
	}
	var problems []string
	for _, q.Stream = range []string{"stderr", "stdout"} {
		err := r.ReadLogs(ctx, w.GUID, q, func(batch []api.LogText) error {
			for _, l := range batch {
				if l.Problem == nil && !l.Continued {
					lines = append(lines, shortenLine(l))
				}
			}
			return nil
		})
		if gone := (*supervise.UnknownNameError)(nil); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &gone) {
			problems = append(problems, err.Error())
		}
		if len(lines) > 0 {
			break
		}
	}
	return lines, strings.Join(problems, "; ")
}

// lastOutputQuery says where in the logs the last output of a worker's process
// is. It is not wanted when the process ended well, has a healthy successor, or
// was stopped on request.
func lastOutputQuery(w report.Worker) (q report.LogQuery, wanted bool) {
	q.Tail = lastLines
	switch {
	case w.LastExit.Class == "" || w.LastExit.Class == report.ExitClean:
		return q, false
	case w.State == report.Backoff, w.State == report.Fatal, w.State == report.Exited:
		q.Since = w.Began
		return q, true
	case w.State == report.Starting:
		q.Previous = true
		return q, true
	}
	return q, false
}

// withoutTime is a line without the time that the keeper has put before it, and
// without a carriage return at its end.
func withoutTime(l api.LogText) string {
	text := strings.TrimSuffix(string(l.Text), "\r")
	if l.At.IsZero() || l.Continued {
		return text
	}
	_, text, _ = strings.Cut(text, " ")
	return text
}

// longestLastLine is the length of the longest line of the last output, in bytes: an
// explanation of many workers has the last output of each.
const longestLastLine = 4 << 10

// shortenLine cuts a long line, and says so at its end.
func shortenLine(l api.LogText) string {
	line := withoutTime(l)
	switch cut := strings.ToValidUTF8(line[:min(len(line), longestLastLine)], ""); {
	case len(line) <= longestLastLine:
		return line
	case l.Partial:
		return fmt.Sprintf("%s… (more than %d bytes; the log has the whole line)", cut, len(line))
	default:
		return fmt.Sprintf("%s… (%d bytes; the log has the whole line)", cut, len(line))
	}
}

// AddLastOutput adds the last output of each worker's process to an explanation
// of its state.
func (r *Reader) AddLastOutput(ctx context.Context, list []report.Explanation) {
	for i := range list {
		list[i].LastOutput, list[i].LogProblem = r.LastOutput(ctx, list[i].Worker)
	}
}
