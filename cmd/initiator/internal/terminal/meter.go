package terminal

import (
	"io"
	"sync"
	"time"
)

// Meter shows a line about progress at the bottom of a terminal. Other output
// goes above it, through the screens that ScreenAbove returns. Where there is
// no terminal, a Meter shows nothing. Any goroutine may use it; each screen
// from ScreenAbove is used by one goroutine at a time.
type Meter struct {
	mu     sync.Mutex
	screen *Screen
	text   string // the line; "" = none
}

// MeterInterval is the shortest useful time between two changes of the line.
const MeterInterval = 100 * time.Millisecond

// NewMeter returns a meter at the bottom of a screen.
func NewMeter(screen *Screen) *Meter { return &Meter{screen: screen} }

// ScreenAbove returns a copy of a screen whose text goes above the line.
func (m *Meter) ScreenAbove(s *Screen) *Screen {
	copied := *s
	copied.w = aboveWriter{m, s.w}
	return &copied
}

// aboveWriter writes to an output above the line of a meter.
type aboveWriter struct {
	m  *Meter
	to io.Writer
}

func (a aboveWriter) Write(p []byte) (int, error) {
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	text := a.m.text
	a.m.drawLine("")
	n, err := a.to.Write(p)
	a.m.drawLine(text)
	return n, err
}

// ShowLine replaces the line; "" removes it.
func (m *Meter) ShowLine(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drawLine(text)
}

// drawLine replaces the line on the terminal. The caller holds the lock.
func (m *Meter) drawLine(text string) {
	if !m.screen.terminal {
		return
	}
	if m.text != "" {
		_, _ = io.WriteString(m.screen.w, "\r\x1b[K")
	}
	if m.text = text; text != "" {
		_, _ = io.WriteString(m.screen.w, Truncate(text, max(0, m.screen.Width()-1))) // the last column would break the line
	}
}
