package terminal

import (
	"strings"
	"unicode/utf8"
)

// Table is rows of text under a heading. A column is as wide as its widest
// cell. On a terminal that is too narrow, the last column is cut first, then
// optional columns are left out, and in the end every line is cut.
type Table struct {
	Head []string
	Rows [][]string
	// Optional are the columns that can be left out, in this order.
	Optional []int
	// Colour gives the colour of a cell; nil = no colours.
	Colour func(column int, cell string) string
}

const (
	columnGap         = 2  // blanks between columns
	minimumLastColumn = 12 // columns of the last cell before others are left out for it
)

// PrintTo writes the table to a screen.
func (t Table) PrintTo(s *Screen) error {
	for _, line := range t.renderLines(s.Width(), s.Paint) {
		if _, err := s.writeRaw([]byte(line + "\n")); err != nil {
			return err
		}
	}
	return nil
}

// renderLines returns the lines of the table; width 0 means no limit.
func (t Table) renderLines(width int, paint func(colour, text string) string) []string {
	shown := t.chooseColumns(width)
	widths := t.columnWidths(shown)
	lines := []string{t.renderRow(t.Head, shown, widths, width, func(_ int, cell string) string { return paint(colourFaint, cell) })}
	for _, row := range t.Rows {
		lines = append(lines, t.renderRow(row, shown, widths, width, func(column int, cell string) string {
			if t.Colour == nil {
				return cell
			}
			return paint(t.Colour(column, strings.TrimSpace(cell)), cell)
		}))
	}
	return lines
}

// chooseColumns returns the indices of the columns that fit.
func (t Table) chooseColumns(width int) []int {
	var shown []int
	for i := range t.Head {
		shown = append(shown, i)
	}
	for _, out := range t.Optional {
		if width == 0 || t.minimumWidth(shown) <= width {
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

// minimumWidth returns the least width of a line with these columns.
func (t Table) minimumWidth(shown []int) int {
	widths := t.columnWidths(shown)
	total := 0
	for k, w := range widths {
		if k == len(widths)-1 {
			w = min(w, minimumLastColumn)
		}
		total += w + columnGap
	}
	return total - columnGap
}

// columnWidths returns the width of the widest cell of each of these columns.
func (t Table) columnWidths(shown []int) []int {
	widths := make([]int, len(shown))
	for k, i := range shown {
		widths[k] = utf8.RuneCountInString(t.Head[i])
		for _, row := range t.Rows {
			widths[k] = max(widths[k], utf8.RuneCountInString(Printable(row[i])))
		}
	}
	return widths
}

// renderRow returns one line of the table.
func (t Table) renderRow(row []string, shown, widths []int, width int, paint func(int, string) string) string {
	var b strings.Builder
	at := 0
	for k, i := range shown {
		cell := Printable(row[i])
		if width > 0 {
			cell = Truncate(cell, max(width-at, 1))
		}
		n := utf8.RuneCountInString(cell)
		last := k == len(shown)-1
		if blanks := widths[k] + columnGap - n; !last {
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
