package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// table is rows of text under a heading. Columns are as wide as their widest
// cell; where the screen is narrower, the last one is cut, then those that
// matter least are left out, and in the end every line is cut.
type table struct {
	head []string
	rows [][]string
	// spare are the columns that can be left out, the first one first.
	spare []int
	// colour gives the colour of a cell; nil = none has one.
	colour func(column int, cell string) string
}

const (
	gap      = 2  // blanks between columns
	leastEnd = 12 // columns of the last cell before others are left out for it
)

// print writes the table to a screen.
func (t table) print(s *screen) error {
	for _, line := range t.render(s.width(), s.paint) {
		if _, err := s.Write([]byte(line + "\n")); err != nil {
			return err
		}
	}
	return nil
}

// render makes the lines; width 0 = as wide as needed.
func (t table) render(width int, paint func(colour, text string) string) []string {
	shown := t.fit(width)
	widths := t.widths(shown)
	lines := []string{t.line(t.head, shown, widths, width, func(_ int, cell string) string { return paint(faint, cell) })}
	for _, row := range t.rows {
		lines = append(lines, t.line(row, shown, widths, width, func(column int, cell string) string {
			if t.colour == nil {
				return cell
			}
			return paint(t.colour(column, strings.TrimSpace(cell)), cell)
		}))
	}
	return lines
}

// fit chooses the columns that are shown.
func (t table) fit(width int) []int {
	var shown []int
	for i := range t.head {
		shown = append(shown, i)
	}
	for _, out := range t.spare {
		if width == 0 || t.need(shown) <= width {
			break
		}
		var kept []int
		for _, i := range shown {
			if i != out {
				kept = append(kept, i)
			}
		}
		shown = kept
	}
	return shown
}

// need is the least width of a line that shows these columns.
func (t table) need(shown []int) int {
	widths := t.widths(shown)
	total := 0
	for k, w := range widths {
		if k == len(widths)-1 {
			w = min(w, leastEnd)
		}
		total += w + gap
	}
	return total - gap
}

func (t table) widths(shown []int) []int {
	widths := make([]int, len(shown))
	for k, i := range shown {
		widths[k] = utf8.RuneCountInString(t.head[i])
		for _, row := range t.rows {
			widths[k] = max(widths[k], utf8.RuneCountInString(printable(row[i])))
		}
	}
	return widths
}

func (t table) line(row []string, shown, widths []int, width int, paint func(int, string) string) string {
	var b strings.Builder
	at := 0
	for k, i := range shown {
		cell := printable(row[i])
		if width > 0 {
			cell = cut(cell, max(width-at, 1))
		}
		n := utf8.RuneCountInString(cell)
		last := k == len(shown)-1
		if blanks := widths[k] + gap - n; !last {
			if width > 0 {
				blanks = min(blanks, width-at-n)
			}
			cell += strings.Repeat(" ", blanks)
			n += blanks
		}
		b.WriteString(paint(i, cell))
		if at += n; width > 0 && at >= width {
			break
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// cut shortens a text to so many columns; 0 = leave it.
func cut(s string, width int) string {
	s = printable(s)
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	if width == 1 {
		return "…"
	}
	return string([]rune(s)[:width-1]) + "…"
}

// folded breaks a text between words into lines of at most so many columns;
// 0 = leave it. A word that is longer has a line of its own.
func folded(s string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// printable keeps what a worker says from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return -1
	}, s)
}
