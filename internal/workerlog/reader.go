package workerlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/logs"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// Reader reads log files. Its methods may be called by any goroutine.
type Reader struct {
	Workers func() []report.Worker
	Plan    func() *plan.Plan
	// OwnLog is the path of the initiator's own log; "" = it is not in a file.
	OwnLog string
}

// ReadLogs passes the lines of workers to emit, in the order of time. Names is a
// definition, a group, a guid or "all", or several of them with commas between.
// It returns after the last line, or with q.Follow when ctx is done. The first
// call of emit has no lines and says that there is something to read; the error
// before it is a *supervise.UnknownNameError when there is no such worker, and
// fs.ErrNotExist when its output is not kept in a file. A log that cannot be read spoils no other: it is a
// LogText with a Problem, and the error at the end is an *report.UnreadableLogsError.
func (r *Reader) ReadLogs(ctx context.Context, names string, q report.LogQuery, emit func([]api.LogText) error) error {
	workers, err := r.findWorkers(names)
	if err != nil {
		return err
	}
	var s logSources
	for _, worker := range workers {
		s.addWorker(r.Plan(), worker, q)
	}
	if len(s.files) == 0 {
		return s.errorNoFile(names)
	}
	if len(workers) > 1 {
		s.labelLines()
	}
	err = s.read(ctx, q, emit)
	if errors.Is(err, fs.ErrNotExist) {
		return emit(nil) // a file is made by its first line, and no line was written yet
	}
	var unreadable *report.UnreadableLogsError
	if err != nil && !errors.As(err, &unreadable) {
		return fmt.Errorf("logs of %s: %w", names, err)
	}
	return err
}

// ReadOwnLog passes the initiator's own log to emit, as ReadLogs does. The error
// is fs.ErrNotExist when the log is not in a file.
func (r *Reader) ReadOwnLog(ctx context.Context, q report.LogQuery, emit func([]api.LogText) error) error {
	if r.OwnLog == "" {
		return fmt.Errorf("the initiator's log is in no file: set logfile in [initiator], or look where its stderr goes: %w", fs.ErrNotExist)
	}
	s := logSources{
		files:   []logs.Source{{Path: r.OwnLog, From: q.Since, Alone: q.Current}},
		writers: []api.LogWriter{{Name: "initiator"}},
	}
	if err := s.read(ctx, q, emit); err != nil {
		return fmt.Errorf("the initiator's log: %w", err)
	}
	return nil
}

// unknownName returns the error for a name that no worker, group or GUID has.
func unknownName(name string, workers []report.Worker) error {
	var known []string
	for _, w := range workers {
		known = append(known, w.Name)
	}
	slices.Sort(known)
	return &supervise.UnknownNameError{Name: name, Known: slices.Compact(known)}
}

// findWorkers returns the workers of a comma-separated list of names, each once.
func (r *Reader) findWorkers(names string) (chosen []report.Worker, err error) {
	all := r.Workers()
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
			return nil, unknownName(name, all)
		}
	}
	return chosen, nil
}
