package output

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/supervise"
)

// Relay shows the lines of all workers. Of the streams whose log is "-", lines
// go to Stdout and Stderr behind "name:index | ". What is on stderr is looked
// at first: hclog's JSON goes to Logger at its own level, a panic's trace as
// one error; plain lines of other streams go to Logger at debug. Its methods
// may be called from any goroutine and never wait.
type Relay struct {
	// Stdout and Stderr must not block: a Queue does not. Nil: lines for Stdout
	// are dropped, and those for Stderr go to Logger at debug.
	Stdout, Stderr io.Writer
	Logger         hclog.Logger

	mu    sync.Mutex
	folds map[string]*traceSource // by guid; only those that hold something
}

// traceSource is one process that is in the middle of something.
type traceSource struct {
	Fold
	from supervise.Lines // without its lines
}

// RelayLines shows a piece of what a worker wrote.
func (r *Relay) RelayLines(l supervise.Lines) {
	if l.Stream == "stderr" {
		r.relayStderr(l)
		return
	}
	if r.Stdout != nil && l.Own {
		_, _ = r.Stdout.Write(prefixLines(l, l.Lines...)) // a Queue has no errors
	}
}

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
	for _, text := range l.Lines {
		for _, record := range s.TakeLine(text) {
			r.showRecord(s.from, record)
		}
	}
	r.keepSource(l.GUID, s)
}

// keepSource remembers a process only while it holds something, so that workers that
// come and go leave nothing here.
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

// NoteTransition hears of a transition: the end of a process is the end of its trace.
func (r *Relay) NoteTransition(t supervise.Transition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.folds[t.GUID]
	if s != nil && (t.PID == 0 || t.Incarnation != s.from.Incarnation) {
		r.endSource(t.GUID)
	}
}

// EndAll shows what is still held.
func (r *Relay) EndAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for guid := range r.folds {
		r.endSource(guid)
	}
}

func (r *Relay) endSource(guid string) {
	s := r.folds[guid]
	delete(r.folds, guid)
	for _, record := range s.EndProcess() {
		r.showRecord(s.from, record)
	}
}

// ShowRecord shows one record as of that process. It needs no lock: it holds nothing.
func (r *Relay) ShowRecord(from supervise.Lines, record Record) { r.showRecord(from, record) }

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

func (r *Relay) showPlain(from supervise.Lines, text string) {
	if from.Own && r.Stderr != nil {
		_, _ = r.Stderr.Write(prefixLines(from, text)) // a Queue has no errors
		return
	}
	if r.Logger.IsDebug() {
		r.Logger.Debug(text, "worker", workerLabel(from), "incarnation", from.Incarnation)
	}
}

// prefixLines is one write of whole lines, after the word of how many are missing.
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

func missingText(n int) string {
	return fmt.Sprintf("(initiator: %d lines are missing here, they came faster than they could be passed on)", n)
}

func workerLabel(l supervise.Lines) string { return fmt.Sprintf("%s:%d", l.Name, l.Index) }
