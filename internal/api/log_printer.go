package api

import "io"

// LogPrinter writes the lines of logs as the answer of the API has them as text.
// It belongs to one goroutine.
type LogPrinter struct {
	To io.Writer
	// HideProblems leaves to the error at the end which logs cannot be read.
	HideProblems bool

	text textLines
	page []byte // its memory is used for each batch
}

// Print writes lines.
func (p *LogPrinter) Print(lines []LogText) error {
	p.page = p.page[:0]
	for _, line := range lines {
		if line.Problem == nil || !p.HideProblems {
			p.page = p.text.appendText(p.page, line)
		}
	}
	_, err := p.To.Write(p.page)
	return err
}

// End ends a last line that has no end.
func (p *LogPrinter) End() error {
	if p.text.begun == nil {
		return nil
	}
	_, err := p.To.Write([]byte("\n"))
	return err
}
