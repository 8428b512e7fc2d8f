package supervise

import (
	"context"
	"strings"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// Lines is a piece of what a worker has written.
type Lines struct {
	Name        string // of its spec
	GUID        string
	Index       int // among the workers of its pool, from 0
	Incarnation int
	Stream      string // "stdout" or "stderr"; with redirect_stderr always "stdout"
	// Own says that the log of this stream is "-": the initiator's own output.
	Own   bool
	Lines []string // without their ends
	// Dropped counts the lines before these that are missing, because they
	// came faster than they could be passed on.
	Dropped int
}

// ReopenLogs opens all log files anew by their names, after somebody moved them.
func (s *Supervisor) ReopenLogs(ctx context.Context) error {
	return s.askLoop(ctx, func(l *loop) error {
		if l.keeper == nil {
			return nil // its successor opens them all
		}
		return l.keeper.ReopenLogs()
	})
}

// wantsOutput reports whether lines of a worker are wanted: by `-`, by whoever
// wants all of stderr, or while it starts by ready = line.
func (l *loop) wantsOutput(spec *plan.Spec, starting bool) bool {
	return awaitsReadyLine(spec, starting) || isOwnOutput(spec, "stdout") || isOwnOutput(spec, "stderr") ||
		l.opts.AllStderr && !spec.RedirectStderr
}

// awaitsReadyLine reports whether one of the lines says that the worker is ready.
func awaitsReadyLine(spec *plan.Spec, starting bool) bool {
	return starting && spec.Ready.Kind == "line"
}

// handleOutput passes lines on, and looks for the one that says "ready".
func (l *loop) handleOutput(w *worker, e keeper.Event) {
	spec := w.rec.Spec
	if e.Incarnation == w.rec.Incarnation && spec.Ready.Kind == "line" && w.rec.Phase == lifecycle.PhaseStarting && !w.rec.Ready {
		if line, ok := l.lines.Match(spec.Ready.Pattern, e.Lines); ok {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.ReadinessProven, Incarnation: e.Incarnation, Reason: "it said " + quoteLine(line)})
		}
	}
	own := isOwnOutput(spec, e.Stream)
	if l.opts.OnOutput != nil && (own || l.opts.AllStderr && e.Stream == "stderr") {
		l.opts.OnOutput(Lines{
			Name: spec.Name, GUID: w.guid, Index: w.index, Incarnation: e.Incarnation,
			Stream: e.Stream, Own: own, Lines: e.Lines, Dropped: e.Dropped,
		})
	}
}

// isOwnOutput reports whether the lines of a stream go to the initiator's own output.
func isOwnOutput(spec *plan.Spec, stream string) bool {
	if stream == "stderr" && !spec.RedirectStderr {
		return spec.Stderr.Path == "-"
	}
	return spec.Stdout.Path == "-"
}

func quoteLine(line string) string {
	if len(line) > 80 {
		line = strings.ToValidUTF8(line[:80], "") + "…"
	}
	return `"` + line + `"`
}
