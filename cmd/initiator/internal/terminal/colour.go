package terminal

import "strings"

// The colours are terminal escape sequences. Each has one meaning in all
// outputs.
const (
	ColourGood  = "\x1b[32m" // ready, completed
	ColourBusy  = "\x1b[33m" // starting, stopping, running
	ColourBad   = "\x1b[31m" // failed, given up
	colourFaint = "\x1b[2m"  // the heads of tables
	colourReset = "\x1b[0m"
)

// Paint returns the text in a colour, or unchanged where the screen shows no
// colours.
func (s *Screen) Paint(colour, text string) string {
	if !s.colours || colour == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return colour + text + colourReset
}
