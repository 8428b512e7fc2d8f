package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// knownEndName is the file with an end that the newest segment had reached, on the
// disk, when the store was opened or closed. The segment can only have grown: a
// shorter segment, or an older newest one, has lost its end. An incomplete batch
// stands behind the known end.
const knownEndName = "tasks.end"

// knownEnd is the content of the file. The zero value is "unknown".
type knownEnd struct {
	number uint32
	end    int64
}

// knownEndMagic begins the file. The number (u32), the end (u64) and the crc (u32)
// of everything before follow.
const knownEndMagic = "INITEND1"

// encode returns the content of the file.
func (k knownEnd) encode() []byte {
	b := binary.LittleEndian.AppendUint32([]byte(knownEndMagic), k.number)
	b = binary.LittleEndian.AppendUint64(b, uint64(k.end))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseKnownEnd reads the content of the file. A damaged file says nothing.
func parseKnownEnd(b []byte) knownEnd {
	k := knownEnd{}
	if len(b) < len(k.encode()) {
		return k
	}
	k.number = binary.LittleEndian.Uint32(b[len(knownEndMagic):])
	k.end = int64(binary.LittleEndian.Uint64(b[len(knownEndMagic)+4:]))
	if !bytes.Equal(b, k.encode()) {
		return knownEnd{}
	}
	return k
}

// endOf returns the known end of a segment, 0 when it is unknown.
func (k knownEnd) endOf(number uint32) int64 {
	if k.number == number {
		return k.end
	}
	return 0
}

// readKnownEnd reads the file. Without the file the end is unknown.
func readKnownEnd(dir Dir) knownEnd {
	f, err := dir.OpenFile(knownEndName, false)
	if err != nil {
		return knownEnd{}
	}
	defer func() { _ = f.Close() }() // only read
	b := make([]byte, len(knownEnd{}.encode())+1)
	n, _ := f.ReadAt(b, 0) // a part is no valid file
	return parseKnownEnd(b[:n])
}

// noteEnd replaces the file. The segment's data is on the disk, unless Sync is
// off. An error is ignored: the older file stays true.
func (s *Store) noteEnd(last *segment) {
	name := knownEndName + unfinishedSuffix
	_ = s.dir.RemoveFile(name) // of an earlier try
	f, err := s.dir.OpenFile(name, true)
	if err != nil {
		return
	}
	_, err = f.WriteAt(knownEnd{last.number, last.end}.encode(), 0)
	if closed := f.Close(); err != nil || closed != nil {
		_ = s.dir.RemoveFile(name)
		return
	}
	_ = s.dir.RenameFile(name, knownEndName)
}
