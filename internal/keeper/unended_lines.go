package keeper

import "time"

// unendedLines holds the streams that keep the beginning of a line. A line whose
// end does not come within pieceWait, such as a prompt, is delivered without it.
type unendedLines struct {
	streams map[*outputStream]bool // some of them keep nothing any more
	next    time.Time              // when to look at them; zero = never
}

// addStream adds a stream that keeps the beginning of a line.
func (u *unendedLines) addStream(s *outputStream) {
	u.streams[s] = true
	if u.next.IsZero() {
		u.next = s.since.Add(pieceWait)
	}
}

// flushUnended delivers the lines that have waited for their end long enough.
func (l *loop) flushUnended(now time.Time) {
	u := &l.unended
	u.next = time.Time{}
	for s := range u.streams {
		if due := s.since.Add(pieceWait); len(s.held) > 0 && !now.Before(due) {
			s.deliver(l, now, func(yield func(linePiece)) { s.flush(now, false, yield) })
		}
		if len(s.held) == 0 {
			delete(u.streams, s)
			continue
		}
		u.next = earliest(u.next, s.since.Add(pieceWait))
	}
}
