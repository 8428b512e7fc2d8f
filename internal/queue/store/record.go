package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A file is a header, and then batches: a mark and its records.
//
//	mark    magic u32, flags u32, crc u32
//	record  length u32, crc u32, payload
//
// Little endian. Every checksum begins with the file's number and the position
// in it, so that bytes which were copied to another place, by a disk or inside
// a payload, are no records there.
const (
	markMagic  = 0xb47c4d9e // no length: those are below maxRecord
	markSize   = 12
	recordHead = 8
	maxRecord  = 1 << 30

	// markSynced: everything before this mark was on the disk when it was
	// written. Where it is found behind a fault, that fault is no torn end.
	markSynced = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum of the parts, for this place.
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

// appendMark adds the beginning of a batch that will be at this position.
func appendMark(b []byte, number uint32, at int64, flags uint32) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, markMagic)
	b = binary.LittleEndian.AppendUint32(b, flags)
	return binary.LittleEndian.AppendUint32(b, checksum(number, at, b[start:]))
}

// parseMark reads the mark at the head of b.
func parseMark(b []byte, number uint32, at int64) (flags uint32, ok bool) {
	if len(b) < markSize || binary.LittleEndian.Uint32(b) != markMagic {
		return 0, false
	}
	sum := checksum(number, at, b[:8])
	return binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]) == sum
}

// sealRecord fills in the head of the record that b is, which has room for it.
func sealRecord(b []byte, number uint32, at int64) {
	binary.LittleEndian.PutUint32(b, uint32(len(b)-recordHead))
	binary.LittleEndian.PutUint32(b[4:], checksum(number, at, b[:4], b[recordHead:]))
}

// isSound says whether b is the whole record that was written at this position.
func isSound(b []byte, number uint32, at int64) bool {
	return len(b) > recordHead &&
		int(binary.LittleEndian.Uint32(b)) == len(b)-recordHead &&
		binary.LittleEndian.Uint32(b[4:]) == checksum(number, at, b[:4], b[recordHead:])
}
