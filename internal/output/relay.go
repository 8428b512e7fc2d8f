package output

import (
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/linemark"
	"initiator/internal/loglevel"
	"initiator/internal/supervise"
)

// Relay shows the lines of all workers. Lines for the initiator's own output go to
// Stdout and Stderr with their bytes unchanged, behind "name:index | " where they
// are prefixed. Lines of stderr that are not shown there go to Logger at the level
// that is recognised in them, and at debug without one. The trace of a panic is
// one error in any case. A piece of a line becomes a line of its own, with a mark.
// Any goroutine may call the methods, which never block.
type Relay struct {
	// Stdout and Stderr must not block; use a Queue. Nil: lines for Stderr, and what
	// workers write to their stderr, go to Logger, and other lines are dropped.
	Stdout, Stderr io.Writer
	Logger         hclog.Logger

	mu    sync.Mutex
	folds map[string]*traceSource // by guid; only processes with held lines
}

// traceSource is a process whose lines are held.
type traceSource struct {
	Fold
	from  supervise.Lines // without the lines
	shown bool            // its lines were written to the initiator's own output
}

// RelayLines shows lines that a worker has written.
func (r *Relay) RelayLines(l supervise.Lines) {
	l.Lines = markPieces(l)
	to := r.ownOutput(l.To)
	writeLines(to, l)
	switch {
	case l.Stream == "stderr":
		r.logStderr(l, to != nil)
	case l.To == "stderr" && to == nil:
		r.logLines(l)
	}
}

// acknowledger is a writer that says when a text was written, such as a Queue.
type acknowledger interface {
	WriteAcknowledged(p []byte, written func())
}

// writeLines writes lines to one of the initiator's own outputs; nil = none. It
// calls Written once they are written.
func writeLines(to io.Writer, l supervise.Lines) {
	if q, ok := to.(acknowledger); ok && l.Written != nil {
		q.WriteAcknowledged(formatLines(l), l.Written)
		return
	}
	if to != nil {
		_, _ = to.Write(formatLines(l)) // a Queue never fails
	}
	if l.Written != nil {
		l.Written()
	}
}

// ownOutput returns the writer of one of the initiator's own outputs; nil = none.
func (r *Relay) ownOutput(name string) io.Writer {
	switch name {
	case "stdout":
		return r.Stdout
	case "stderr":
		return r.Stderr
	}
	return nil
}

// logStderr logs lines of stderr. Of lines that are shown it logs the panics alone.
func (r *Relay) logStderr(l supervise.Lines, shown bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.folds[l.GUID]
	if s != nil && s.from.Incarnation != l.Incarnation {
		r.endSource(l.GUID)
		s = nil
	}
	if s == nil {
		s = &traceSource{from: l}
		s.from.Lines = nil
	}
	s.shown = shown
	if l.Dropped > 0 && !shown {
		r.logLine(l, missingText(l.Dropped))
	}
	for _, text := range l.Lines {
		for _, record := range s.TakeLine(text) {
			r.logRecord(s, record)
		}
	}
	r.keepSource(l.GUID, s)
}

// keepSource keeps a process only while lines are held, so that ended workers
// take no memory.
func (r *Relay) keepSource(guid string, s *traceSource) {
	if len(s.held) == 0 {
		delete(r.folds, guid)
		return
	}
	if r.folds == nil {
		r.folds = map[string]*traceSource{}
	}
	r.folds[guid] = s
}

// NoteTransition ends a trace when its process has ended.
func (r *Relay) NoteTransition(t report.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.folds[t.GUID]
	if s != nil && (t.PID == 0 || t.Incarnation != s.from.Incarnation) {
		r.endSource(t.GUID)
	}
}

// EndAll shows all held lines.
func (r *Relay) EndAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for guid := range r.folds {
		r.endSource(guid)
	}
}

// endSource shows the held lines of a worker. The caller holds the lock.
func (r *Relay) endSource(guid string) {
	s := r.folds[guid]
	delete(r.folds, guid)
	for _, record := range s.EndProcess() {
		r.logRecord(s, record)
	}
}

// logRecord logs a record of a process. The lines of a record that was shown are
// not repeated: of a panic the log gets the first line.
func (r *Relay) logRecord(s *traceSource, record Record) {
	switch {
	case !s.shown:
		r.ShowRecord(s.from, record)
	case record.Trace != "":
		r.Logger.Error(record.Text, aboutWorker(s.from)...)
	}
}

// ShowRecord logs one record of a process.
func (r *Relay) ShowRecord(from supervise.Lines, record Record) {
	if record.Trace == "" {
		r.logLine(from, record.Text)
		return
	}
	about := append(aboutWorker(from), "trace", record.Trace)
	if record.Missing > 0 {
		about = append(about, "missing_lines", record.Missing)
	}
	r.Logger.Error(record.Text, about...)
}

// logLines logs lines that have no other place.
func (r *Relay) logLines(l supervise.Lines) {
	if l.Dropped > 0 {
		r.logLine(l, missingText(l.Dropped))
	}
	for _, text := range l.Lines {
		r.logLine(l, text)
	}
}

// logLine logs one line at its level.
func (r *Relay) logLine(from supervise.Lines, text string) {
	level, ok := loglevel.Parse(from.Format, text)
	if !ok {
		level = hclog.Debug
	}
	if level >= r.Logger.GetLevel() {
		r.Logger.Log(level, strings.TrimSuffix(text, "\r"), aboutWorker(from)...)
	}
}

// markPieces returns the lines with marks at pieces of lines. No other line of the
// output can then be taken for a part of them.
func markPieces(l supervise.Lines) []string {
	if !l.Partial && !l.Continued || len(l.Lines) == 0 {
		return l.Lines
	}
	lines := slices.Clone(l.Lines)
	if l.Continued {
		lines[0] = linemark.Continued + lines[0]
	}
	if l.Partial {
		lines[len(lines)-1] += linemark.Split
	}
	return lines
}

// aboutWorker names the worker in a record of the log.
func aboutWorker(l supervise.Lines) []any {
	return []any{"worker", workerLabel(l), "incarnation", l.Incarnation}
}
