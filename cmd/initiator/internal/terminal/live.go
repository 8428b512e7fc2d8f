package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"initiator/initiator/report"
)

// LiveView is the changing region at the bottom of a terminal: a line for each
// worker until all workers are ready or given up. Other text goes above the
// region. After Settle every change of a worker is a line of its own. A nil
// LiveView shows nothing. Any goroutine may call Write and PrintLine;
// ShowTransition and ShowWorkers belong to one goroutine.
type LiveView struct {
	mu      sync.Mutex
	screen  *Screen
	output  *OutputWriter
	drawn   int                  // how many lines of the region are on the terminal
	region  []string             // the lines
	settled bool                 // Settle was called
	began   map[string]time.Time // by guid: when the worker was started last
	width   int                  // columns of the longest name in the region
}

// NewLiveView returns an empty live view on a terminal.
func NewLiveView(s *Screen) *LiveView {
	return &LiveView{screen: s, output: s.OutputWriter(), began: map[string]time.Time{}}
}

// HideCursorDuring hides the cursor while do runs, so that the region does not
// flicker.
func (l *LiveView) HideCursorDuring(do func() error) error {
	if l == nil {
		return do()
	}
	_, _ = l.screen.writeRaw([]byte("\x1b[?25l"))
	defer func() { _, _ = l.screen.writeRaw([]byte("\x1b[?25h")) }()
	return do()
}

// Write implements io.Writer: it puts log lines and the output of workers above the
// region. The text is shown as an OutputWriter shows it.
func (l *LiveView) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eraseRegion()
	_, err := l.output.Write(p)
	l.drawRegion()
	return len(p), err
}

// writeLines puts lines that were escaped above the region.
func (l *LiveView) writeLines(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eraseRegion()
	_, _ = l.screen.writeRaw([]byte(text)) // Report returns the error of the screen
	l.drawRegion()
}

// PrintLine puts a text above the region and wraps it to the width of the
// terminal.
func (l *LiveView) PrintLine(text string) {
	if l != nil {
		l.writeLines(strings.Join(WrapWords(Printable(text), l.screen.Width()), "\n") + "\n")
	}
}

// ClearTypedText removes what a person has typed in the current line, such as
// the ^C of Ctrl-C.
func (l *LiveView) ClearTypedText() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.screen.writeRaw([]byte("\r\x1b[K"))
}

// ShowTransition prints the change of a worker as a line, once the view is
// settled. Before that it only notes when the worker started.
func (l *LiveView) ShowTransition(t report.Event) {
	if l == nil {
		return
	}
	if t.To == report.Starting && t.From != report.Starting || t.PID == 0 {
		l.began[t.GUID] = t.At
	}
	if !l.Settled() {
		return
	}
	state, reason := t.To.String(), t.Reason
	switch {
	case t.To == report.Starting, t.To == report.Stopping:
		return // the next transition is printed
	case t.To == report.Running && !t.Ready:
		state = Unready
	case t.To == report.Running:
		reason = fmt.Sprintf("pid %d%s, after %s", t.PID, PortText(", port %d", t.Port), FormatElapsed(t.At.Sub(l.began[t.GUID])))
	}
	before := t.At.Local().Format("15:04:05  ")
	if l.isNarrow() {
		before = ""
	}
	l.mu.Lock()
	width := l.width
	l.mu.Unlock()
	l.writeLines(l.formatLine(before+fmt.Sprintf("%-*s", width, t.Name), t.GUID, state, reason) + "\n")
}

// formatLine returns the line of a worker: name, guid, state, and the rest. On
// a narrow terminal a shorter guid comes after the state.
func (l *LiveView) formatLine(name, guid, state, rest string) string {
	padded := fmt.Sprintf("%-8s", state)
	if l.isNarrow() {
		return truncatePainted(l.screen, name+" ", padded, " "+ShortGUID(guid)[:min(len(guid), 4)]+"  "+rest)
	}
	return truncatePainted(l.screen, name+" "+ShortGUID(guid)+" ", padded, "  "+rest)
}

// ShowWorkers draws a line for each worker.
func (l *LiveView) ShowWorkers(workers []report.Worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eraseRegion()
	l.region = l.workerLines(workers)
	l.drawRegion()
}

// Settled reports whether the region is over.
func (l *LiveView) Settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// Settle leaves the region as it stands on the terminal: from now on every
// change of a worker is a line of its own.
func (l *LiveView) Settle() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled, l.drawn, l.region = true, 0, nil
}

// maxRegionLines limits the region: lines that have scrolled off the terminal
// cannot be redrawn.
const maxRegionLines = 15

// workerLines returns the lines of the region. When there are too many workers,
// ready workers are only counted.
func (l *LiveView) workerLines(workers []report.Worker) []string {
	width := 0
	for _, w := range workers {
		width = max(width, len(w.Name))
	}
	l.width = width
	var lines []string
	counted := 0
	for _, w := range workers {
		up := w.State == report.Running && w.Ready
		if len(workers) > maxRegionLines && (up || len(lines) == maxRegionLines) {
			counted++
			continue
		}
		lines = append(lines, l.workerLine(w, width))
	}
	if counted > 0 {
		lines = append(lines, fmt.Sprintf("… and %d of %d", counted, len(workers)))
	}
	return lines
}

// workerLine returns the line of one worker.
func (l *LiveView) workerLine(w report.Worker, width int) string {
	rest := w.Reason
	if w.PID != 0 {
		rest = fmt.Sprintf("pid %-7d %-10s", w.PID, PortText("port %d", w.Port))
		switch since, ok := l.began[w.GUID]; {
		case w.State == report.Running && w.Ready && ok:
			rest += "  " + FormatElapsed(w.Since.Sub(since))
		case w.Reason != "" && !w.Ready:
			rest += "  " + strings.TrimPrefix(strings.TrimPrefix(w.Reason, fmt.Sprintf("pid %d runs; ", w.PID)), "not ready yet: ")
		}
	}
	return l.formatLine(fmt.Sprintf("%-*s", width, w.Name), w.GUID, StateName(w), rest)
}

// isNarrow reports whether the terminal has too few columns for times and full
// guids.
func (l *LiveView) isNarrow() bool {
	width := l.screen.Width()
	return width > 0 && width < 50
}

// truncatePainted cuts a line with a state in it to the width of the screen,
// and colours the state.
func truncatePainted(s *Screen, before, state, after string) string {
	whole := Truncate(strings.TrimRight(before+state+after, " "), s.Width())
	if at := strings.Index(whole, state); at >= 0 && whole[:at] == before {
		return before + s.Paint(StateColour(strings.TrimSpace(state)), state) + whole[at+len(state):]
	}
	return whole
}

// eraseRegion removes the region from the terminal. The caller holds the lock.
func (l *LiveView) eraseRegion() {
	if l.drawn > 0 {
		_, _ = l.screen.writeRaw(fmt.Appendf(nil, "\r\x1b[%dA\x1b[J", l.drawn))
		l.drawn = 0
	}
}

// drawRegion writes the region to the terminal. The caller holds the lock.
func (l *LiveView) drawRegion() {
	for _, line := range l.region {
		_, _ = l.screen.writeRaw([]byte(line + "\n"))
	}
	l.drawn = len(l.region)
}
