package keeper

import (
	"bytes"

	"initiator/internal/bounds"
)

// lineLimit bounds one line in bytes. A longer line is cut into pieces, each of
// them a line.
const lineLimit = bounds.LogLine

// lineSplitter cuts input into lines and keeps the beginning of a line whose
// end was not read yet. The zero value is ready. It holds memory only while
// there is such a beginning.
type lineSplitter struct {
	partial []byte
}

// splitLines calls yield with each whole line, without its end. The line is
// valid during the call only.
func (s *lineSplitter) splitLines(b []byte, yield func(line []byte)) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		piece := b
		if end >= 0 {
			piece = b[:end]
		}
		if room := lineLimit - len(s.partial); len(piece) > room {
			s.emitLine(piece[:room], yield)
			b = b[room:]
			continue
		}
		if end < 0 {
			s.partial = append(s.partial, piece...)
			return
		}
		s.emitLine(piece, yield)
		b = b[end+1:]
	}
}

// emitLine yields the partial line together with the piece that completes it.
func (s *lineSplitter) emitLine(piece []byte, yield func([]byte)) {
	if len(s.partial) == 0 {
		yield(bytes.TrimSuffix(piece, []byte("\r")))
		return
	}
	line := append(s.partial, piece...)
	s.partial = nil
	yield(bytes.TrimSuffix(line, []byte("\r")))
}

// emitPartial yields a line that will never have an end.
func (s *lineSplitter) emitPartial(yield func([]byte)) {
	if len(s.partial) > 0 {
		s.emitLine(nil, yield)
	}
}
