package terminal

import (
	"os"
	"strings"
	"testing"
)

// Text goes above the line, and the line comes back below it.
func TestMeter(t *testing.T) {
	var seen strings.Builder
	s := &Screen{w: &seen, terminal: true, file: os.Stdin}
	m := &Meter{screen: s}
	m.ShowLine("1 done")
	_ = m.ScreenAbove(s).WriteLines("hello")
	m.ShowLine("")
	if want := "1 done\r\x1b[Khello\n1 done\r\x1b[K"; seen.String() != want {
		t.Errorf("%q, want %q", seen.String(), want)
	}
	seen.Reset()
	s.terminal = false
	m.ShowLine("2 done")
	if seen.Len() > 0 {
		t.Errorf("%q, where there is no terminal", seen.String())
	}
}
