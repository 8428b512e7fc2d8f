package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// headerVerdict says what the first bytes of a file are.
type headerVerdict struct {
	newer  uint32 // the version of a newer initiator, 0 = none
	reason string // why the header cannot be used; "" = it can
}

// encodeHeader returns the header of the file.
func (s *segment) encodeHeader() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, s.version)
	b = binary.LittleEndian.AppendUint32(b, s.number)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.before))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.beforeEnd))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// judgeHeader judges the first bytes of a file, at most headerSize. Every version
// has its version and its crc at the same place: a version above Version with a
// good crc was written by a newer initiator, and with a wrong crc it is damage.
func judgeHeader(head []byte, number uint32) headerVerdict {
	switch {
	case len(head) == 0:
		return headerVerdict{reason: "the file is empty"}
	case len(bytes.Trim(head, "\x00")) == 0:
		return headerVerdict{reason: "the file begins with zeros"}
	case len(head) < headerSize:
		return headerVerdict{reason: fmt.Sprintf("the file has only %d bytes", len(head))}
	case string(head[:len(magic)]) != magic:
		return headerVerdict{reason: "the file does not begin as a task file"}
	case crc32.Checksum(head[:headerSize-4], castagnoli) != binary.LittleEndian.Uint32(head[headerSize-4:]):
		return headerVerdict{reason: "the checksum of its header is wrong"}
	case binary.LittleEndian.Uint32(head[12:]) != number:
		return headerVerdict{reason: fmt.Sprintf("its header is the header of file %d", binary.LittleEndian.Uint32(head[12:]))}
	case binary.LittleEndian.Uint32(head[8:]) > Version:
		return headerVerdict{newer: binary.LittleEndian.Uint32(head[8:])}
	case binary.LittleEndian.Uint32(head[8:]) < 1:
		return headerVerdict{reason: "its header has version 0"}
	}
	return headerVerdict{}
}

// decodeHeader takes the fields of a header that judgeHeader has found good.
func (s *segment) decodeHeader(head []byte) {
	s.version = binary.LittleEndian.Uint32(head[8:])
	s.before = uint32(binary.LittleEndian.Uint64(head[16:]))
	s.beforeEnd = int64(binary.LittleEndian.Uint64(head[24:]))
}
