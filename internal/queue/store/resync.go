package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"initiator/initiator/report"
)

// region is a part of a segment in memory, in which good marks and records are
// searched. A checksum covers the segment's number and the position, so that bytes
// that pass it were written at that position: a search at every position finds no
// copy, and a random match needs 2^32 tries.
type region struct {
	number uint32
	base   int64  // position of data in the file
	data   []byte // unreadable blocks are zeros
	// sums has the checksum of the data before each multiple of sumStep. With it
	// the checksum of a long range takes the time of a short one. A damaged
	// payload has a length for a record at one of 64 positions.
	sums []uint32
	bad  []unreadable
}

// unreadable is a range of a region that the disk cannot read.
type unreadable struct {
	from, to int64
	err      error
}

const (
	sumStep   = 512
	readBlock = 4096 // the bytes that an error of the disk costs at least
)

// loadRegion reads a part of a segment. A block that the disk cannot read is
// zeros, and so has no mark and no record.
func loadRegion(seg *segment, from, to int64) *region {
	r := &region{number: seg.number, base: from, data: make([]byte, max(0, to-from))}
	n, err := seg.file.ReadAt(r.data, from)
	if err != nil && !errors.Is(err, io.EOF) {
		n = r.readBlocks(seg.file)
	}
	r.data = r.data[:n]
	sum := uint32(0)
	for at := 0; at <= len(r.data); at += sumStep {
		r.sums = append(r.sums, sum)
		sum = crc32.Update(sum, castagnoli, r.data[at:min(at+sumStep, len(r.data))])
	}
	return r
}

// readBlocks reads each block alone. It returns the position behind the last byte
// of the file.
func (r *region) readBlocks(f File) (end int) {
	for at := 0; at < len(r.data); at += readBlock {
		block := r.data[at:min(at+readBlock, len(r.data))]
		n, err := f.ReadAt(block, r.base+int64(at))
		if errors.Is(err, io.EOF) {
			return at + n
		}
		if err != nil {
			clear(block[n:])
			r.bad = append(r.bad, unreadable{r.base + int64(at+n), r.base + int64(at+len(block)), err})
		}
	}
	return len(r.data)
}

// readErr returns why the disk cannot read a part of a range; nil = it can.
func (r *region) readErr(from, to int64) error {
	for _, u := range r.bad {
		if u.from < to && u.to > from {
			return u.err
		}
	}
	return nil
}

// sumBefore returns the checksum of the first n bytes of the data.
func (r *region) sumBefore(n int) uint32 {
	at := n / sumStep
	return crc32.Update(r.sums[at], castagnoli, r.data[at*sumStep:n])
}

// isMark reports whether a good mark stands at an index of the data.
func (r *region) isMark(i int) bool {
	_, ok := parseMark(r.data[i:], r.number, r.base+int64(i))
	return ok
}

// isRecord reports whether a good record stands at an index of the data.
func (r *region) isRecord(i int) bool {
	if len(r.data)-i <= recordHead {
		return false
	}
	size := int64(binary.LittleEndian.Uint32(r.data[i:]))
	start := i + recordHead
	if size == 0 || size > maxRecord-recordHead || size > int64(len(r.data)-start) {
		return false
	}
	return r.recordSum(i, int(size), r.data[i:i+4]) == binary.LittleEndian.Uint32(r.data[i+4:])
}

// recordSum returns the checksum of a record at an index of the data, with these
// bytes as its length. It is checksum without reading the payload.
func (r *region) recordSum(i, size int, length []byte) uint32 {
	head := checksum(r.number, r.base+int64(i), length)
	start := i + recordHead
	return shiftSum(head^r.sumBefore(start), size) ^ r.sumBefore(start+size)
}

// findNext returns the position of the first good mark or record from a position
// on, and false when there is none.
func (r *region) findNext(from int64) (at int64, ok bool) {
	for i := int(max(0, from-r.base)); i < len(r.data); i++ {
		if r.data[i] == 0 && i+3 < len(r.data) && binary.LittleEndian.Uint32(r.data[i:]) == 0 {
			continue // most of a file that was filled ahead
		}
		if r.isMark(i) || r.isRecord(i) {
			return r.base + int64(i), true
		}
	}
	return 0, false
}

// countRecords returns how many records stood in a range. It follows the lengths
// from record to record. When they do not lead to the end of the range, and the
// range is not a single record with another length, the number is unknown.
func (r *region) countRecords(from, to int64) int {
	if to > r.base+int64(len(r.data)) {
		return report.UnknownRecords
	}
	i, end, records := int(from-r.base), int(to-r.base), 0
	for i < end {
		if r.resemblesMark(i) {
			i += markSize
			continue
		}
		if end-i < recordHead {
			return report.UnknownRecords
		}
		size := int64(binary.LittleEndian.Uint32(r.data[i:]))
		if size == 0 || size > int64(end-i-recordHead) {
			return r.countSingle(int(from-r.base), end)
		}
		i += recordHead + int(size)
		records++
	}
	if i == end {
		return records
	}
	return report.UnknownRecords
}

// countSingle returns 1 when the range is a record whose length alone was changed.
func (r *region) countSingle(i, end int) int {
	size := end - i - recordHead
	if size > 0 && r.recordSum(i, size, binary.LittleEndian.AppendUint32(nil, uint32(size))) == binary.LittleEndian.Uint32(r.data[i+4:]) {
		return 1
	}
	return report.UnknownRecords
}

// resemblesMark reports whether eight of the twelve bytes of a mark stand at an
// index of the data: the mark was damaged, and no record.
func (r *region) resemblesMark(i int) bool {
	if len(r.data)-i < markSize {
		return false
	}
	for _, flags := range []uint32{0, markSynced} {
		same := 0
		for j, b := range appendMark(nil, r.number, r.base+int64(i), flags) {
			if r.data[i+j] == b {
				same++
			}
		}
		if same >= 8 {
			return true
		}
	}
	return false
}
