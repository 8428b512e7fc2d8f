package main

import (
	"io"
	"sync"
	"time"
)

// meter keeps a line about the progress at the bottom of a terminal. Whatever
// else is written goes above it. Where there is no terminal, it shows nothing.
// It may be used by many goroutines; the screens that it gives, each by one.
type meter struct {
	mu     sync.Mutex
	screen *screen
	text   string // what the line says; "" = there is none
}

// redraw is how often the line may change: more is not seen.
const redraw = 100 * time.Millisecond

// over returns a screen like s whose text goes above the line.
func (m *meter) over(s *screen) *screen {
	copied := *s
	copied.w = above{m, s.w}
	return &copied
}

// above writes to one of the outputs, above the line.
type above struct {
	m  *meter
	to io.Writer
}

func (a above) Write(p []byte) (int, error) {
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	text := a.m.text
	a.m.draw("")
	n, err := a.to.Write(p)
	a.m.draw(text)
	return n, err
}

// show changes the line; "" takes it away.
func (m *meter) show(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.draw(text)
}

func (m *meter) draw(text string) {
	if !m.screen.terminal {
		return
	}
	if m.text != "" {
		_, _ = io.WriteString(m.screen.w, "\r\x1b[K")
	}
	if m.text = text; text != "" {
		_, _ = io.WriteString(m.screen.w, cut(text, max(0, m.screen.width()-1))) // the last column would break the line
	}
}
