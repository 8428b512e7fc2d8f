package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"initiator/initiator/report"
)

// scanResult is the end of a scan.
type scanResult struct {
	end      int64 // position behind the last good mark, record or gap
	lastMark int64 // position of the last good mark; -1 = none
	records  int
	readErr  error // of the disk at end; nil = the bytes there are wrong, or the scan is over
}

// scanRecords hands out the records between two positions, up to the first bytes
// that are neither a mark, a record nor a gap. An error is the error of each.
func scanRecords(seg *segment, from, limit int64, buffer int, each RecordFunc) (r scanResult, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(seg.file, from, limit-from), int(min(int64(buffer), max(0, limit-from))))
	var record []byte
	r.end, r.lastMark = from, -1
	for {
		head, err := in.Peek(recordHead)
		if err != nil {
			return r.withError(err), nil
		}
		size := int64(binary.LittleEndian.Uint32(head))
		if size == markMagic {
			head, err = in.Peek(markSize)
			if _, ok := parseMark(head, seg.number, r.end); !ok {
				return r.withError(err), nil
			}
			_, _ = in.Discard(markSize) // cannot fail: Peek has read these bytes
			r.lastMark = r.end
			r.end += markSize
			continue
		}
		if gap, ok := parseGap(head, seg.number, r.end); ok && gap <= limit-r.end {
			r.end += gap
			in.Reset(io.NewSectionReader(seg.file, r.end, limit-r.end))
			continue
		}
		if size += recordHead; size == recordHead || size > maxRecord || size > limit-r.end {
			return r, nil
		}
		record = slices.Grow(record[:0], int(size))[:size]
		if _, err := io.ReadFull(in, record); err != nil {
			return r.withError(err), nil
		}
		if !isSound(record, seg.number, r.end) {
			return r, nil
		}
		if err := each(Place{seg.number, uint32(r.end), uint32(size)}, record[recordHead:]); err != nil {
			return r, err
		}
		r.end += size
		r.records++
	}
}

// withError notes an error of the disk. The end of the file is none.
func (r scanResult) withError(err error) scanResult {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.readErr = err
	}
	return r
}

// segmentScan is what a start finds in a segment.
type segmentScan struct {
	end     int64 // position behind the last record that counts
	records int
	marks   bool // there is a good mark
	holes   []hole
}

// scanSegment hands out every good record of a segment, and notes the holes
// between them. holeFound is called for each hole before the next record. An
// error comes from each, or from a disk whose fault may pass.
func scanSegment(seg *segment, l link, each RecordFunc, holeFound func()) (s segmentScan, err error) {
	limit := seg.size
	if l.end > 0 {
		limit = min(limit, l.end)
	}
	var rest *region // behind the first hole
	for at := int64(headerSize); ; {
		r, err := scanRecords(seg, at, limit, 1<<20, each)
		if err != nil || r.readErr != nil && !isDamagedDisk(r.readErr) {
			return s, errors.Join(err, r.readErr)
		}
		s.addPart(at, r)
		if r.end >= limit {
			break
		}
		if rest == nil {
			rest = loadRegion(seg, r.end, limit)
		}
		if l.end == 0 && isZero(rest.from(r.end)) && rest.readErr(r.end, limit) == nil {
			return s, nil
		}
		holeFound()
		next, ok := rest.findNext(r.end + 1)
		if !ok {
			next = limit
			if l.end == 0 && rest.readErr(r.end, limit) == nil { // without the zeros that the file was filled with
				next = r.end + int64(len(bytes.TrimRight(rest.from(r.end), "\x00")))
			}
		}
		next = max(next, r.end+1)
		s.holes = append(s.holes, hole{from: r.end, to: next, records: rest.countRecords(r.end, next), readErr: rest.readErr(r.end, next)})
		if at = next; !ok {
			break
		}
	}
	s.missingEnd(l.end, holeFound)
	return s, nil
}

// addPart adds the result of a scan that began at a position.
func (s *segmentScan) addPart(from int64, r scanResult) {
	s.records += r.records
	if r.lastMark >= 0 {
		s.marks = true
	}
	s.end = r.end
	for i := range s.holes {
		s.holes[i].goodBehind = s.holes[i].goodBehind || r.end > from
		s.holes[i].markBehind = s.holes[i].markBehind || r.lastMark >= 0
	}
}

// missingEnd extends the last hole to the end that the next segment names, or
// adds one, when the file is shorter.
func (s *segmentScan) missingEnd(end int64, holeFound func()) {
	switch n := len(s.holes); {
	case end == 0 || s.end >= end:
	case n > 0 && !s.holes[n-1].goodBehind:
		if s.holes[n-1].to < end {
			s.holes[n-1].to, s.holes[n-1].records = end, report.UnknownRecords
		}
	default:
		holeFound()
		s.holes = append(s.holes, hole{from: s.end, to: end, records: report.UnknownRecords})
	}
}

// isUnreadable reports that the file has no good mark, record or gap.
func (s *segmentScan) isUnreadable() bool { return s.records == 0 && !s.marks && s.end <= headerSize }

// from returns the data of the region from a position on.
func (r *region) from(at int64) []byte {
	return r.data[min(max(0, at-r.base), int64(len(r.data))):]
}

// isZero reports that b has no other byte than zeros.
func isZero(b []byte) bool { return len(bytes.TrimRight(b, "\x00")) == 0 }
