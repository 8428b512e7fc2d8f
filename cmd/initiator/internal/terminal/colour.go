package terminal

import (
	"strings"
)

// The colours; each says one thing everywhere.
const (
	ColourGood  = "\x1b[32m"
	ColourBusy  = "\x1b[33m"
	ColourBad   = "\x1b[31m"
	colourFaint = "\x1b[2m"
	colourReset = "\x1b[0m"
)

// Paint colours a text where colours can be seen.
func (s *Screen) Paint(colour, text string) string {
	if !s.colours || colour == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return colour + text + colourReset
}
