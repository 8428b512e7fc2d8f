package initiator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"initiator/internal/api"
	"initiator/internal/logs"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// Logs gives what workers wrote to emit, in the order of time. Name is a
// definition, a group, a guid or "all", or several of them with commas between.
// It returns at the end of what there is; with Follow when ctx is done. The
// first call of emit, without lines, says that there is something to read; the
// error before it is fs.ErrNotExist where there is no such worker, or its
// output is not kept in a file.
func (in *Initiator) Logs(ctx context.Context, name string, q api.LogQuery, emit func([]api.LogLine) error) error {
	workers, err := in.logged(name)
	if err != nil {
		return err
	}
	var w wantedLogs
	for _, worker := range workers {
		w.add(in.Plan(), worker, q)
	}
	if len(w.sources) == 0 {
		return w.nothing(name)
	}
	several := len(workers) > 1
	err = logs.Read(ctx, w.sources, logs.Query{Tail: q.Tail, Follow: q.Follow}, func(lines []logs.Line) error {
		return emit(w.label(lines, several))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return emit(nil) // a file is made by its first line, and nobody has written one
	}
	if err != nil {
		return fmt.Errorf("logs of %s: %w", name, err)
	}
	return nil
}

// OwnLog gives what the initiator itself has written to emit, as Logs does. The
// error is fs.ErrNotExist where that is not in a file.
func (in *Initiator) OwnLog(ctx context.Context, q api.LogQuery, emit func([]api.LogLine) error) error {
	if in.logFile == "" {
		return fmt.Errorf("the initiator's log is in no file: set logfile in [initiator], or look where its stderr goes: %w", fs.ErrNotExist)
	}
	source := logs.Source{Path: in.logFile, From: q.Since, Alone: q.Current}
	err := logs.Read(ctx, []logs.Source{source}, logs.Query{Tail: q.Tail, Follow: q.Follow}, func(lines []logs.Line) error {
		out := make([]api.LogLine, 0, len(lines))
		for _, line := range lines {
			out = append(out, api.LogLine{At: line.At, Name: "initiator", Line: string(line.Text)})
		}
		return emit(out)
	})
	if err != nil {
		return fmt.Errorf("the initiator's log: %w", err)
	}
	return nil
}

// logged are the workers of a comma-separated list of names, each once.
func (in *Initiator) logged(names string) (chosen []supervise.Worker, err error) {
	all := in.Workers()
	taken := map[string]bool{}
	for _, name := range strings.Split(names, ",") {
		known := false
		for _, w := range all {
			if w.GUID != name && w.Name != name && (w.Group != name || name == "") && name != "all" {
				continue
			}
			if known = true; !taken[w.GUID] {
				taken[w.GUID] = true
				chosen = append(chosen, w)
			}
		}
		if !known {
			return nil, fmt.Errorf("logs of %s: no worker has that name or guid: %w", name, fs.ErrNotExist)
		}
	}
	return chosen, nil
}

// wantedLogs are the files to read, and who writes each.
type wantedLogs struct {
	sources []logs.Source
	writers []api.LogLine // without text
	reasons []string      // why others are left out
}

// add adds the files of one worker. A file that several streams or workers
// share is read once.
func (l *wantedLogs) add(p *plan.Plan, w supervise.Worker, q api.LogQuery) {
	s, ok := p.Spec(w.Name)
	if !ok {
		l.reasons = append(l.reasons, "the definition of "+w.Name+" is gone")
		return
	}
	source := logs.Source{From: q.Since, Until: q.Until, Alone: q.Current}
	if q.Previous {
		if w.BeganBefore.IsZero() {
			l.reasons = append(l.reasons, fmt.Sprintf("%s:%d has had no incarnation before this one", w.Name, w.Index))
			return
		}
		source.Until = w.Began
		if source.From.Before(w.BeganBefore) {
			source.From = w.BeganBefore
		}
	}
	for _, stream := range streamsOf(q.Stream) {
		log := s.Stdout
		if stream == "stderr" && !s.RedirectStderr {
			log = s.Stderr
		}
		if log.Path == "" || log.Path == "-" {
			l.reasons = append(l.reasons, fmt.Sprintf("the %s of %s is not kept in a file (stdout_logfile, stderr_logfile)", stream, w.Name))
			continue
		}
		source.Path = log.At(w.Name, w.GUID, w.Index)
		if slices.ContainsFunc(l.sources, func(known logs.Source) bool { return known.Path == source.Path }) {
			continue
		}
		l.sources = append(l.sources, source)
		l.writers = append(l.writers, api.LogLine{Name: w.Name, GUID: w.GUID, Index: w.Index, Stream: stream})
	}
}

func streamsOf(asked string) []string {
	switch asked {
	case "both":
		return []string{"stdout", "stderr"}
	case "":
		return []string{"stdout"}
	}
	return []string{asked}
}

// nothing says why there is nothing to read.
func (l *wantedLogs) nothing(name string) error {
	return fmt.Errorf("logs of %s: %s: %w", name, strings.Join(slices.Compact(l.reasons), "; "), fs.ErrNotExist)
}

// label says of each line whose it is.
func (l *wantedLogs) label(lines []logs.Line, several bool) []api.LogLine {
	out := make([]api.LogLine, 0, len(lines))
	for _, line := range lines {
		whole := l.writers[line.Source]
		whole.At, whole.Line, whole.Labelled = line.At, string(line.Text), several
		out = append(out, whole)
	}
	return out
}
