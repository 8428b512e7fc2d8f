package keeper

import (
	"bytes"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/linemark"
)

const (
	// pieceLimit bounds, in bytes, the beginning of a line that is kept in memory
	// until its end comes. It is then delivered as a piece.
	pieceLimit = bounds.LogPiece
	// pieceWait is how long the beginning of a line is kept for its end.
	pieceWait = time.Second
)

// linePiece is a line, or a part of a line. Text has no line end.
type linePiece struct {
	text      []byte
	continued bool // it is not the beginning of its line
	ended     bool // it is the end of its line
}

// lineCollector cuts output into lines, and changes none of its bytes. It keeps
// the beginning of a line whose end was not read yet. The zero value is ready.
// It holds memory only while there is such a beginning.
type lineCollector struct {
	held  []byte
	since time.Time // when held got its first byte
	mid   bool      // a piece of the line before held was delivered
}

// collect calls yield with each line that b completes, and keeps the rest. The
// text of a piece is valid during the call only.
func (c *lineCollector) collect(b []byte, now time.Time, yield func(linePiece)) {
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			break
		}
		c.yieldPiece(b[:end], true, yield)
		b = b[end+1:]
	}
	if len(b) > 0 {
		if len(c.held) == 0 {
			c.since = now
		}
		c.held = append(c.held, b...)
	}
}

// yieldPiece yields the held text together with the text that follows it.
func (c *lineCollector) yieldPiece(text []byte, ended bool, yield func(linePiece)) {
	if len(c.held) > 0 {
		text = append(c.held, text...)
		c.held = nil
	}
	yield(linePiece{text, c.mid, ended})
	c.mid = !ended
}

// flush yields the held text, without its line end. The first bytes of a
// character whose other bytes have not come stay, unless nothing else is held or
// last says that no more output will come.
func (c *lineCollector) flush(now time.Time, last bool, yield func(linePiece)) {
	if len(c.held) == 0 {
		return
	}
	var rest []byte
	if n := linemark.WholeCharacters(c.held); !last && n > 0 && n < len(c.held) {
		rest = bytes.Clone(c.held[n:])
		c.held = c.held[:n]
	}
	c.yieldPiece(nil, false, yield)
	c.held, c.since = rest, now
}
