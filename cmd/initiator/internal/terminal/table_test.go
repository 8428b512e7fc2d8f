package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func unpainted(_, text string) string { return text }

func TestColumnsAreLeftOutToFit(t *testing.T) {
	x := Table{
		Head: []string{"NAME", "STATE", "REASON"}, Optional: []int{2},
		Rows: [][]string{{"adder", "RUNNING", "ready after 3ms"}, {"a", "BACKOFF", "exit code 1"}},
	}
	for width, want := range map[int]string{
		0:  "NAME   STATE    REASON\nadder  RUNNING  ready after 3ms\na      BACKOFF  exit code 1",
		28: "NAME   STATE    REASON\nadder  RUNNING  ready after…\na      BACKOFF  exit code 1",
		20: "NAME   STATE\nadder  RUNNING\na      BACKOFF",
		9:  "NAME   S…\nadder  R…\na      B…",
		3:  "NA…\nad…\na",
	} {
		if got := strings.Join(x.renderLines(width, unpainted), "\n"); got != want {
			t.Errorf("at %d columns:\n%s\nwant:\n%s", width, got, want)
		}
	}
}

// No line is ever wider than the screen, and nothing in a cell can steer it.
func TestATableIsNeverWiderThanTheScreen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 6).Draw(t, "columns")
		cells := rapid.SliceOfN(rapid.String(), columns, columns)
		x := Table{
			Head: cells.Draw(t, "head"), Rows: rapid.SliceOfN(cells, 0, 4).Draw(t, "rows"),
			Optional: rapid.SliceOf(rapid.IntRange(1, 6)).Draw(t, "spare"),
		}
		for i := range x.Head {
			x.Head[i] = Printable(x.Head[i])
		}
		width := rapid.IntRange(1, 60).Draw(t, "width")
		for _, line := range x.renderLines(width, unpainted) {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("%d columns on a screen of %d: %q", n, width, line)
			}
			if strings.ContainsAny(line, "\x1b\r\n") {
				t.Fatalf("%q can steer the terminal", line)
			}
		}
	})
}

func TestColoursDoNotMoveColumns(t *testing.T) {
	x := Table{
		Head: []string{"A", "STATE"}, Rows: [][]string{{"x", "FATAL"}},
		Colour: func(column int, cell string) string { return map[int]string{1: StateColour(cell)}[column] },
	}
	s := Screen{colours: true}
	got := x.renderLines(0, s.Paint)
	if want := "x  " + ColourBad + "FATAL" + colourReset; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
}
