package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func unpainted(_, text string) string { return text }

func TestATableThatFits(t *testing.T) {
	x := table{
		head: []string{"NAME", "STATE", "REASON"}, spare: []int{2},
		rows: [][]string{{"adder", "RUNNING", "ready after 3ms"}, {"a", "BACKOFF", "exit code 1"}},
	}
	for width, want := range map[int]string{
		0:  "NAME   STATE    REASON\nadder  RUNNING  ready after 3ms\na      BACKOFF  exit code 1",
		28: "NAME   STATE    REASON\nadder  RUNNING  ready after…\na      BACKOFF  exit code 1",
		20: "NAME   STATE\nadder  RUNNING\na      BACKOFF",
		9:  "NAME   S…\nadder  R…\na      B…",
		3:  "NA…\nad…\na",
	} {
		if got := strings.Join(x.render(width, unpainted), "\n"); got != want {
			t.Errorf("at %d columns:\n%s\nwant:\n%s", width, got, want)
		}
	}
}

func TestFolded(t *testing.T) {
	for width, want := range map[int]string{
		0: "stopping 3 workers, at most 40 s", 80: "stopping 3 workers, at most 40 s",
		20: "stopping 3 workers,|at most 40 s", 3: "stopping|3|workers,|at|most|40|s",
	} {
		if got := strings.Join(folded("stopping 3 workers, at most 40 s", width), "|"); got != want {
			t.Errorf("at %d columns: %s, want %s", width, got, want)
		}
	}
}

// No line is ever wider than the screen, and nothing in a cell can steer it.
func TestATableNeverBreaksTheScreen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 6).Draw(t, "columns")
		cells := rapid.SliceOfN(rapid.String(), columns, columns)
		x := table{
			head: cells.Draw(t, "head"), rows: rapid.SliceOfN(cells, 0, 4).Draw(t, "rows"),
			spare: rapid.SliceOf(rapid.IntRange(1, 6)).Draw(t, "spare"),
		}
		for i := range x.head {
			x.head[i] = printable(x.head[i])
		}
		width := rapid.IntRange(1, 60).Draw(t, "width")
		for _, line := range x.render(width, unpainted) {
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
	x := table{
		head: []string{"A", "STATE"}, rows: [][]string{{"x", "FATAL"}},
		colour: func(column int, cell string) string { return map[int]string{1: stateColour(cell)}[column] },
	}
	s := screen{colours: true}
	got := x.render(0, s.paint)
	if want := "x  " + bad + "FATAL" + plain; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
}
