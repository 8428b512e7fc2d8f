package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// LiveView is the part of a terminal that changes: a line for each worker until
// all of them are ready or given up. Whatever else is written in the meantime
// goes above it. Afterwards every change is a line of its own. A nil live
// shows nothing.
type LiveView struct {
	mu      sync.Mutex
	screen  *Screen
	drawn   int      // lines of the region that are on the screen
	region  []string // what they say
	settled bool     // the region is over
	began   map[string]time.Time
	width   int // columns of the longest name in the region
}

func NewLiveView(s *Screen) *LiveView { return &LiveView{screen: s, began: map[string]time.Time{}} }

// HideCursorDuring hides the cursor while do runs, so that the lines do not flicker.
func (l *LiveView) HideCursorDuring(do func() error) error {
	if l == nil {
		return do()
	}
	_, _ = l.screen.Write([]byte("\x1b[?25l"))
	defer func() { _, _ = l.screen.Write([]byte("\x1b[?25h")) }()
	return do()
}

// Write puts log lines above the region.
func (l *LiveView) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eraseRegion()
	_, err := l.screen.Write(p)
	l.drawRegion()
	return len(p), err
}

// PrintLine puts a text above the region, in as many lines as it takes.
func (l *LiveView) PrintLine(text string) {
	if l != nil {
		_, _ = l.Write([]byte(strings.Join(WrapWords(text, l.screen.Width()), "\n") + "\n"))
	}
}

// ClearTypedText takes away what a person has typed, such as the ^C of a Ctrl-C.
func (l *LiveView) ClearTypedText() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.screen.Write([]byte("\r\x1b[K"))
}

// ShowTransition says what a transition means once there is no line for the worker.
func (l *LiveView) ShowTransition(t supervise.Transition) {
	if l == nil {
		return
	}
	if t.To == lifecycle.Starting && t.From != lifecycle.Starting || t.PID == 0 {
		l.began[t.GUID] = t.At
	}
	if !l.Settled() {
		return
	}
	state, reason := t.To.String(), t.Reason
	switch {
	case t.To == lifecycle.Starting, t.To == lifecycle.Stopping:
		return // what it leads to is told
	case t.To == lifecycle.Running && !t.Ready:
		state = Unready
	case t.To == lifecycle.Running:
		reason = fmt.Sprintf("pid %d%s, after %s", t.PID, PortText(", port %d", t.Port), FormatDuration(t.At.Sub(l.began[t.GUID])))
	}
	before := t.At.Local().Format("15:04:05  ")
	if l.isNarrow() {
		before = ""
	}
	l.mu.Lock()
	width := l.width
	l.mu.Unlock()
	_, _ = l.Write([]byte(l.formatLine(before+fmt.Sprintf("%-*s", width, t.Name), t.GUID, state, reason) + "\n"))
}

// formatLine is a line about a worker: its name and guid, its state, and the rest.
// Where there is no room for everything the guid comes after the state.
func (l *LiveView) formatLine(name, guid, state, rest string) string {
	padded := fmt.Sprintf("%-8s", state)
	if l.isNarrow() {
		return truncatePainted(l.screen, name+" ", padded, " "+ShortGUID(guid)[:min(len(guid), 4)]+"  "+rest)
	}
	return truncatePainted(l.screen, name+" "+ShortGUID(guid)+" ", padded, "  "+rest)
}

// ShowWorkers draws a line for each worker.
func (l *LiveView) ShowWorkers(workers []supervise.Worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eraseRegion()
	l.region = l.workerLines(workers)
	l.drawRegion()
}

func (l *LiveView) Settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// Settle leaves the region as it is: from now on every change is a line.
func (l *LiveView) Settle() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled, l.drawn, l.region = true, 0, nil
}

// maxRegionLines is how many lines the region may have: more than a terminal is
// high cannot be taken back.
const maxRegionLines = 15

// workerLines describes the workers; where there are too many, those that are up
// already are only counted.
func (l *LiveView) workerLines(workers []supervise.Worker) []string {
	width := 0
	for _, w := range workers {
		width = max(width, len(w.Name))
	}
	l.width = width
	var lines []string
	counted := 0
	for _, w := range workers {
		up := w.State == lifecycle.Running && w.Ready
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

// workerLine is the line of one worker.
func (l *LiveView) workerLine(w supervise.Worker, width int) string {
	rest := w.Reason
	if w.PID != 0 {
		rest = fmt.Sprintf("pid %-7d %-10s", w.PID, PortText("port %d", w.Port))
		switch since, ok := l.began[w.GUID]; {
		case w.State == lifecycle.Running && w.Ready && ok:
			rest += "  " + FormatDuration(w.Since.Sub(since))
		case w.Reason != "" && !w.Ready:
			rest += "  " + strings.TrimPrefix(strings.TrimPrefix(w.Reason, fmt.Sprintf("pid %d runs; ", w.PID)), "not ready yet: ")
		}
	}
	return l.formatLine(fmt.Sprintf("%-*s", width, w.Name), w.GUID, StateName(w), rest)
}

// isNarrow says that there is no room for what is only nice to know.
func (l *LiveView) isNarrow() bool {
	width := l.screen.Width()
	return width > 0 && width < 50
}

// truncatePainted fits a line with a state in it to the screen, and paints the state.
func truncatePainted(s *Screen, before, state, after string) string {
	whole := Truncate(strings.TrimRight(before+state+after, " "), s.Width())
	if at := strings.Index(whole, state); at >= 0 && whole[:at] == before {
		return before + s.Paint(StateColour(strings.TrimSpace(state)), state) + whole[at+len(state):]
	}
	return whole
}

// eraseRegion takes the region off the screen.
func (l *LiveView) eraseRegion() {
	if l.drawn > 0 {
		_, _ = fmt.Fprintf(l.screen, "\r\x1b[%dA\x1b[J", l.drawn)
		l.drawn = 0
	}
}

// drawRegion puts the region on the screen.
func (l *LiveView) drawRegion() {
	for _, line := range l.region {
		_, _ = fmt.Fprintln(l.screen, line)
	}
	l.drawn = len(l.region)
}
