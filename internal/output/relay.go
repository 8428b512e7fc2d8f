package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/linemark"
	"initiator/internal/supervise"
)

// Relay shows the lines of all workers. Lines of workers whose log is "-" go to
// Stdout and Stderr behind "name:index | ". Lines on stderr are parsed first:
// hclog's JSON goes to Logger at its own level, and the trace of a panic as one
// error. Other lines go to Logger at debug. A piece of a line becomes a line of its
// own, with a mark. Any goroutine may call the methods, which never block.
type Relay struct {
	// Stdout and Stderr must not block; use a Queue. Nil: lines for Stdout are
	// dropped, and lines for Stderr go to Logger at debug.
	Stdout, Stderr io.Writer
	Logger         hclog.Logger

	mu    sync.Mutex
	folds map[string]*traceSource // by guid; only processes with held lines
}

// traceSource is a process whose lines are held.
type traceSource struct {
	Fold
	from supervise.Lines // without the lines
}

// RelayLines shows lines that a worker has written.
func (r *Relay) RelayLines(l supervise.Lines) {
	if l.Stream == "stderr" {
		r.relayStderr(l)
		return
	}
	if r.Stdout != nil && l.Own {
		_, _ = r.Stdout.Write(prefixLines(l, markPieces(l)...)) // a Queue never fails
	}
}

// relayStderr shows lines of stderr.
func (r *Relay) relayStderr(l supervise.Lines) {
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
	if l.Dropped > 0 {
		r.showPlain(l, missingText(l.Dropped))
	}
	for _, text := range markPieces(l) {
		for _, record := range s.TakeLine(text) {
			r.showRecord(s.from, record)
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
		r.showRecord(s.from, record)
	}
}

// ShowRecord shows one record of a process.
func (r *Relay) ShowRecord(from supervise.Lines, record Record) { r.showRecord(from, record) }

// showRecord shows one record. It needs no lock, because it holds no lines.
func (r *Relay) showRecord(from supervise.Lines, record Record) {
	about := []any{"worker", workerLabel(from), "incarnation", from.Incarnation}
	switch {
	case record.Trace != "":
		about = append(about, "trace", record.Trace)
		if record.Missing > 0 {
			about = append(about, "missing_lines", record.Missing)
		}
		r.Logger.Error(record.Message, about...)
	case record.HasLevel():
		if record.Module != "" {
			about = append(about, "module", record.Module)
		}
		r.Logger.Log(record.Level, record.Message, append(about, record.Args...)...)
	default:
		r.showPlain(from, record.Message)
	}
}

// showPlain shows a plain line of stderr.
func (r *Relay) showPlain(from supervise.Lines, text string) {
	if from.Own && r.Stderr != nil {
		_, _ = r.Stderr.Write(prefixLines(from, text)) // a Queue never fails
		return
	}
	if r.Logger.IsDebug() {
		r.Logger.Debug(strings.TrimSuffix(text, "\r"), "worker", workerLabel(from), "incarnation", from.Incarnation)
	}
}

// prefixLines returns lines for one write, with the name of the worker before
// each line. Lines that are missing before them are reported first.
func prefixLines(l supervise.Lines, lines ...string) []byte {
	var b bytes.Buffer
	if l.Dropped > 0 && l.Stream != "stderr" {
		fmt.Fprintf(&b, "%s | %s\n", workerLabel(l), missingText(l.Dropped))
	}
	for _, text := range lines {
		fmt.Fprintf(&b, "%s | %s\n", workerLabel(l), text)
	}
	return b.Bytes()
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

// missingText reports missing lines.
func missingText(n int) string {
	return fmt.Sprintf("(initiator: %d lines are missing here, because they came too fast)", n)
}

// workerLabel returns "name:index".
func workerLabel(l supervise.Lines) string { return fmt.Sprintf("%s:%d", l.Name, l.Index) }
