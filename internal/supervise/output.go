package supervise

import (
	"context"
	"strings"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// Lines is a piece of a worker's output.
type Lines struct {
	Name        string // of its definition
	GUID        string
	Index       int // among the workers of its pool, from 0
	Incarnation int
	Stream      string // "stdout" or "stderr"; with redirect_stderr always "stdout"
	// To is the initiator's own output that the lines belong to, "stdout" or
	// "stderr"; "" = their log is a file, or they are dropped.
	To string
	// Prefixed says that the name of the worker stands before each line there.
	Prefixed bool
	// Format is the key log_parse of the worker.
	Format string
	Lines  []string // without line ends
	// Partial says that the last of Lines is a piece of a line whose end has not
	// come. Continued says that the first of Lines goes on with the last line of the
	// stream before it.
	Partial, Continued bool
	// Dropped counts the lines that are missing before these, because they came
	// faster than they could be passed on.
	Dropped int
	// Written, when it is not nil, must be called when the lines were written, or are
	// not to be written. Until then the worker's further output waits in its pipe.
	// Any goroutine may call it.
	Written func()
}

// wereWritten calls Written.
func (l *Lines) wereWritten() {
	if l.Written != nil {
		l.Written()
	}
}

// ReopenLogs opens all log files again by their names, for example after log
// rotation has moved them.
func (s *Supervisor) ReopenLogs(ctx context.Context) error {
	return s.askLoop(ctx, func(l *loop) error {
		if l.keeper == nil {
			return nil // the next keeper opens all of them
		}
		return l.keeper.ReopenLogs()
	})
}

// wantsOutput reports whether the keeper must send a worker's lines: for the
// initiator's own output, for AllStderr, or for ready = line while the worker starts.
func (l *loop) wantsOutput(spec *plan.Spec, starting bool) bool {
	return awaitsReadyLine(spec, starting) || spec.OwnOutputOf("stdout") != "" || spec.OwnOutputOf("stderr") != "" ||
		l.opts.AllStderr && !spec.RedirectStderr
}

// awaitsReadyLine reports whether one of the lines means that the worker is
// ready.
func awaitsReadyLine(spec *plan.Spec, starting bool) bool {
	return starting && spec.Ready.Kind == "line"
}

// handleOutput passes lines on, and looks for the line that means "ready".
func (l *loop) handleOutput(w *worker, e keeper.Event) {
	spec := w.rec.Spec
	if e.Incarnation == w.rec.Incarnation && spec.Ready.Kind == "line" && w.rec.Phase == lifecycle.PhaseStarting && !w.rec.Ready {
		if line, ok := l.lines.Match(spec.Ready.Pattern, e.Lines); ok {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.ReadinessProven, Incarnation: e.Incarnation, Reason: "the worker wrote " + quoteLine(line)})
		}
	}
	own := spec.OwnOutputOf(e.Stream)
	lines := Lines{
		Name: spec.Name, GUID: w.guid, Index: w.index, Incarnation: e.Incarnation,
		Stream: e.Stream, To: own, Prefixed: spec.PrefixesOutput(len(l.workers)), Format: spec.LogParse,
		Lines: e.Lines, Partial: e.Partial, Continued: e.Continued, Dropped: e.Dropped, Written: l.acknowledgement(e),
	}
	if l.opts.OnOutput != nil && (own != "" || l.opts.AllStderr && e.Stream == "stderr") {
		l.opts.OnOutput(lines)
		return
	}
	lines.wereWritten()
}

// acknowledgement returns a function that tells the keeper that the lines of an
// event were written; nil = the keeper does not ask for it.
func (l *loop) acknowledgement(e keeper.Event) func() {
	k := l.keeper
	if e.Sent == 0 || k == nil {
		return nil
	}
	return func() { _ = k.AcknowledgeOutput(e.GUID, e.Stream, e.Sent) } // an error means that the keeper is gone
}

// acknowledgedStreams returns the streams of a worker whose lines wait in their
// pipe when the reader of the initiator's own output is slow.
func acknowledgedStreams(spec *plan.Spec) (streams []string) {
	for _, stream := range []string{"stdout", "stderr"} {
		if spec.OwnOutputOf(stream) != "" && spec.LogFull != plan.FullDrop {
			streams = append(streams, stream)
		}
	}
	return streams
}

func quoteLine(line string) string {
	if len(line) > 80 {
		line = strings.ToValidUTF8(line[:80], "") + "…"
	}
	return `"` + line + `"`
}
