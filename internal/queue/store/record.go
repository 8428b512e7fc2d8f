package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A segment is a header followed by batches. A batch is a mark and its records.
//
//	mark    magic u32, flags u32, crc u32
//	record  length u32, crc u32, payload
//	gap     gapFlag + length u32, crc u32, as many zeros
//
// A gap stands in the place of bytes that the disk has damaged.
//
// Numbers are little endian. Every checksum begins with the segment's number and
// the position in the file. Bytes that a disk or a payload copies to another
// position are therefore no valid record there.
const (
	markMagic  = 0xb47c4d9e // cannot be a length, because a length is below maxRecord
	markSize   = 12
	recordHead = 8
	maxRecord  = 1 << 30
	gapFlag    = 1 << 30 // cannot be in a length either

	// markSynced says that everything before this mark was on the disk when the
	// mark was written. A bad record before such a mark is damage, not a torn
	// end.
	markSynced = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the CRC-32C of a position and the bytes that stand there.
func checksum(number uint32, at int64, parts ...[]byte) uint32 {
	var seed [12]byte
	binary.LittleEndian.PutUint32(seed[:], number)
	binary.LittleEndian.PutUint64(seed[4:], uint64(at))
	sum := crc32.Update(0, castagnoli, seed[:])
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// appendMark appends the mark of a batch that will stand at the position at.
func appendMark(b []byte, number uint32, at int64, flags uint32) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, markMagic)
	b = binary.LittleEndian.AppendUint32(b, flags)
	return binary.LittleEndian.AppendUint32(b, checksum(number, at, b[start:]))
}

// parseMark reads the mark at the start of b. It reports false when there is no
// valid mark.
func parseMark(b []byte, number uint32, at int64) (flags uint32, ok bool) {
	if len(b) < markSize || binary.LittleEndian.Uint32(b) != markMagic {
		return 0, false
	}
	sum := checksum(number, at, b[:8])
	return binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]) == sum
}

// sealRecord fills in the head of the record b. The first recordHead bytes of b
// are reserved for it.
func sealRecord(b []byte, number uint32, at int64) {
	binary.LittleEndian.PutUint32(b, uint32(len(b)-recordHead))
	binary.LittleEndian.PutUint32(b[4:], checksum(number, at, b[:4], b[recordHead:]))
}

// encodeGap returns the head of a gap of size bytes, its head included.
func encodeGap(number uint32, at, size int64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, gapFlag|uint32(size-recordHead))
	return binary.LittleEndian.AppendUint32(b, checksum(number, at, b))
}

// parseGap reads the head of a gap at the start of b, which has recordHead bytes
// or more. It reports false when there is no valid gap.
func parseGap(b []byte, number uint32, at int64) (size int64, ok bool) {
	length := binary.LittleEndian.Uint32(b)
	if length>>30 != gapFlag>>30 || binary.LittleEndian.Uint32(b[4:]) != checksum(number, at, b[:4]) {
		return 0, false
	}
	return int64(length&(gapFlag-1)) + recordHead, true
}

// isSound reports whether b is exactly the record that was written at this
// position.
func isSound(b []byte, number uint32, at int64) bool {
	return len(b) > recordHead &&
		int(binary.LittleEndian.Uint32(b)) == len(b)-recordHead &&
		binary.LittleEndian.Uint32(b[4:]) == checksum(number, at, b[:4], b[recordHead:])
}
