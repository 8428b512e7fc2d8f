package workerlog

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/logs"
	"initiator/internal/plan"
)

// logSources are the files to read, and which worker writes each.
type logSources struct {
	files   []logs.Source
	writers []api.LogWriter // of each file
	reasons []string        // why other files are left out
	batch   []api.LogText   // of the last attributeLines
}

// addWorker adds the files of one worker. A file that several streams or workers
// share is read once.
func (s *logSources) addWorker(p *plan.Plan, w report.Worker, q report.LogQuery) {
	spec, ok := p.FindSpec(w.Name)
	if !ok {
		s.reasons = append(s.reasons, "the definition of "+w.Name+" is gone")
		return
	}
	source := logs.Source{From: q.Since, Until: q.Until, Alone: q.Current}
	if q.Previous {
		if w.BeganBefore.IsZero() {
			s.reasons = append(s.reasons, fmt.Sprintf("%s:%d has had no incarnation before this one", w.Name, w.Index))
			return
		}
		source.Until = w.Began
		if source.From.Before(w.BeganBefore) {
			source.From = w.BeganBefore
		}
	}
	for _, stream := range streamNames(q.Stream) {
		log := spec.LogOf(stream)
		if !log.IsFile() {
			s.reasons = append(s.reasons, fmt.Sprintf("the %s of %s is not kept in a file (stdout_logfile, stderr_logfile)", stream, w.Name))
			continue
		}
		source.Path = log.PathFor(w.Name, w.GUID, w.Index)
		if slices.ContainsFunc(s.files, func(known logs.Source) bool { return known.Path == source.Path }) {
			continue
		}
		s.files = append(s.files, source)
		s.writers = append(s.writers, api.LogWriter{Name: w.Name, GUID: w.GUID, Index: w.Index, Stream: stream, Format: spec.LogParse})
	}
}

func streamNames(requested string) []string {
	switch requested {
	case "both":
		return []string{"stdout", "stderr"}
	case "":
		return []string{"stdout"}
	}
	return []string{requested}
}

// errorNoFile says why there is nothing to read.
func (s *logSources) errorNoFile(names string) error {
	return fmt.Errorf("logs of %s: %s: %w", names, strings.Join(slices.Compact(s.reasons), "; "), fs.ErrNotExist)
}

// labelLines says before each line which worker has written it.
func (s *logSources) labelLines() {
	for i := range s.writers {
		s.writers[i].Labelled = true
	}
}

// attributeLines adds to each line which worker has written it. The result is valid
// until the next call.
func (s *logSources) attributeLines(lines []logs.Line) []api.LogText {
	s.batch = s.batch[:0]
	for _, line := range lines {
		s.batch = append(s.batch, api.LogText{At: line.At, Writer: &s.writers[line.Source], Text: line.Text, Partial: line.Partial, Continued: line.Continued})
	}
	return s.batch
}

// read passes the lines of all files to emit. A file that cannot be read is a
// LogText with a Problem at its place; the error names it again at the end.
func (s *logSources) read(ctx context.Context, q report.LogQuery, emit func([]api.LogText) error) error {
	var unreadable report.UnreadableLogsError
	report := func(source int, err error) {
		at := api.LogText{Writer: &s.writers[source], Problem: err}
		unreadable.Logs = append(unreadable.Logs, at.Describe())
		_ = emit([]api.LogText{at}) // the next line fails in the same way
	}
	err := logs.Read(ctx, s.files, logs.Query{Tail: q.Tail, Follow: q.Follow, Unreadable: report}, func(lines []logs.Line) error {
		return emit(s.attributeLines(lines))
	})
	if err == nil && len(unreadable.Logs) > 0 {
		return &unreadable
	}
	return err
}
