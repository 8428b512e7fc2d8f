package keeper

import "initiator/internal/linemark"

// logPage is output of one stream for a log file: the bytes of the stream, with
// a time before each line.
type logPage struct {
	from      *outputStream
	stamp     []byte // before each line; empty = nothing
	text      []byte
	continued bool // text begins in the middle of a line
	gap       bool // output of the stream before text was not written
	lost      int  // how many lines that were
}

// addPiece appends a piece of output.
func (p *logPage) addPiece(piece linePiece) {
	if piece.continued { // only the first piece of a page can be
		p.continued = true
	} else {
		p.text = append(p.text, p.stamp...)
	}
	p.text = append(p.text, piece.text...)
	if piece.ended {
		p.text = append(p.text, '\n')
	}
}

// logEnd says which line the end of a log file is in.
type logEnd struct {
	inLine bool          // the last byte is not a line end
	of     *outputStream // nil = the line will not go on
}

// joinPage returns what must stand between the end of a file and a page, so that
// the page begins a line or continues its own.
func (end logEnd) joinPage(p *logPage) (between []byte) {
	own := end.of == p.from
	if p.continued && end.inLine && own && !p.gap {
		return nil
	}
	if end.inLine {
		if end.of != nil && !own {
			between = append(between, linemark.Split...)
		}
		between = append(between, '\n')
	}
	if p.continued {
		between = append(append(between, p.stamp...), linemark.Continued...)
	}
	return between
}
