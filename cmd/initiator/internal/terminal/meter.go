package terminal

import (
	"io"
	"sync"
	"time"
)

// Meter keeps a line about the progress at the bottom of a terminal. Whatever
// else is written goes above it. Where there is no terminal, it shows nothing.
// It may be used by many goroutines; the screens that it gives, each by one.
type Meter struct {
	mu     sync.Mutex
	screen *Screen
	text   string // what the line says; "" = there is none
}

// MeterInterval is how often the line may change: more is not seen.
const MeterInterval = 100 * time.Millisecond

// NewMeter returns a meter at the bottom of a screen.
func NewMeter(screen *Screen) *Meter { return &Meter{screen: screen} }

// ScreenAbove returns a screen like s whose text goes above the line.
func (m *Meter) ScreenAbove(s *Screen) *Screen {
	copied := *s
	copied.w = aboveWriter{m, s.w}
	return &copied
}

// aboveWriter writes to one of the outputs, above the line.
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

// ShowLine changes the line; "" takes it away.
func (m *Meter) ShowLine(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drawLine(text)
}

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
