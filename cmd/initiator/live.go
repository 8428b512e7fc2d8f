package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"initiator/internal/supervise"
)

// live is the part of a terminal that changes: a line for each worker until
// all of them are ready or given up. Whatever else is written in the meantime
// goes above it. Afterwards every change is a line of its own. A nil live
// shows nothing.
type live struct {
	mu      sync.Mutex
	screen  *screen
	drawn   int      // lines of the region that are on the screen
	region  []string // what they say
	settled bool     // the region is over
	began   map[string]time.Time
	width   int // columns of the longest name in the region
}

func newLive(s *screen) *live { return &live{screen: s, began: map[string]time.Time{}} }

// during hides the cursor while do runs, so that the lines do not flicker.
func (l *live) during(do func() error) error {
	if l == nil {
		return do()
	}
	_, _ = l.screen.Write([]byte("\x1b[?25l"))
	defer func() { _, _ = l.screen.Write([]byte("\x1b[?25h")) }()
	return do()
}

// Write puts log lines above the region.
func (l *live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	_, err := l.screen.Write(p)
	l.draw()
	return len(p), err
}

// line puts a text above the region, in as many lines as it takes.
func (l *live) line(text string) {
	if l != nil {
		_, _ = l.Write([]byte(strings.Join(folded(text, l.screen.width()), "\n") + "\n"))
	}
}

// fresh takes away what a person has typed, such as the ^C of a Ctrl-C.
func (l *live) fresh() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.screen.Write([]byte("\r\x1b[K"))
}

// tellOf says what a transition means once there is no line for the worker.
func (l *live) tellOf(t supervise.Transition) {
	if l == nil {
		return
	}
	if t.To == supervise.Starting && t.From != supervise.Starting || t.PID == 0 {
		l.began[t.GUID] = t.At
	}
	if !l.over() {
		return
	}
	state, reason := t.To.String(), t.Reason
	switch {
	case t.To == supervise.Starting, t.To == supervise.Stopping:
		return // what it leads to is told
	case t.To == supervise.Running && !t.Ready:
		state = unready
	case t.To == supervise.Running:
		reason = fmt.Sprintf("pid %d%s, after %s", t.PID, onPort(", port %d", t.Port), took(t.At.Sub(l.began[t.GUID])))
	}
	before := t.At.Local().Format("15:04:05  ")
	if l.narrow() {
		before = ""
	}
	l.mu.Lock()
	width := l.width
	l.mu.Unlock()
	_, _ = l.Write([]byte(l.about(before+fmt.Sprintf("%-*s", width, t.Name), t.GUID, state, reason) + "\n"))
}

// about is a line about a worker: its name and guid, its state, and the rest.
// Where there is no room for everything the guid comes after the state.
func (l *live) about(name, guid, state, rest string) string {
	padded := fmt.Sprintf("%-8s", state)
	if l.narrow() {
		return cutPainted(l.screen, name+" ", padded, " "+short(guid)[:min(len(guid), 4)]+"  "+rest)
	}
	return cutPainted(l.screen, name+" "+short(guid)+" ", padded, "  "+rest)
}

// update draws the workers as they are. When nothing more is to be waited for
// it calls done, once, with the number of those that were given up.
func (l *live) update(workers []supervise.Worker, wanted func(name string) bool, done func(lost int)) {
	if l == nil || l.over() {
		return
	}
	waits, lost := outstanding(workers, wanted)
	l.mu.Lock()
	l.erase()
	l.region = l.lines(workers)
	l.draw()
	l.mu.Unlock()
	if waits == 0 {
		l.settle()
		done(lost)
	}
}

func (l *live) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// settle leaves the region as it is: from now on every change is a line.
func (l *live) settle() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled, l.drawn, l.region = true, 0, nil
}

// pending says whether a worker may still become ready by itself.
func pending(w supervise.Worker) bool {
	switch w.State {
	case supervise.Starting, supervise.Backoff, supervise.Stopping:
		return true
	case supervise.Running:
		return !w.Ready
	}
	return w.State == supervise.Stopped && len(w.WaitsFor) > 0
}

// mostLines is how many lines the region may have: more than a terminal is
// high cannot be taken back.
const mostLines = 15

// lines describes the workers; where there are too many, those that are up
// already are only counted.
func (l *live) lines(workers []supervise.Worker) []string {
	width := 0
	for _, w := range workers {
		width = max(width, len(w.Name))
	}
	l.width = width
	var lines []string
	counted := 0
	for _, w := range workers {
		up := w.State == supervise.Running && w.Ready
		if len(workers) > mostLines && (up || len(lines) == mostLines) {
			counted++
			continue
		}
		lines = append(lines, l.worker(w, width))
	}
	if counted > 0 {
		lines = append(lines, fmt.Sprintf("… and %d of %d", counted, len(workers)))
	}
	return lines
}

// worker is the line of one worker.
func (l *live) worker(w supervise.Worker, width int) string {
	rest := w.Reason
	if w.PID != 0 {
		rest = fmt.Sprintf("pid %-7d %-10s", w.PID, onPort("port %d", w.Port))
		switch since, ok := l.began[w.GUID]; {
		case w.State == supervise.Running && w.Ready && ok:
			rest += "  " + took(w.Since.Sub(since))
		case w.Reason != "" && !w.Ready:
			rest += "  " + strings.TrimPrefix(strings.TrimPrefix(w.Reason, fmt.Sprintf("pid %d runs; ", w.PID)), "not ready yet: ")
		}
	}
	return l.about(fmt.Sprintf("%-*s", width, w.Name), w.GUID, stateOf(w), rest)
}

// narrow says that there is no room for what is only nice to know.
func (l *live) narrow() bool {
	width := l.screen.width()
	return width > 0 && width < 50
}

// cutPainted fits a line with a state in it to the screen, and paints the state.
func cutPainted(s *screen, before, state, after string) string {
	whole := cut(strings.TrimRight(before+state+after, " "), s.width())
	if at := strings.Index(whole, state); at >= 0 && whole[:at] == before {
		return before + s.paint(stateColour(strings.TrimSpace(state)), state) + whole[at+len(state):]
	}
	return whole
}

// erase takes the region off the screen.
func (l *live) erase() {
	if l.drawn > 0 {
		_, _ = fmt.Fprintf(l.screen, "\r\x1b[%dA\x1b[J", l.drawn)
		l.drawn = 0
	}
}

// draw puts the region on the screen.
func (l *live) draw() {
	for _, line := range l.region {
		_, _ = fmt.Fprintln(l.screen, line)
	}
	l.drawn = len(l.region)
}
