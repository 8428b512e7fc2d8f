package statedir

import (
	"bytes"
	"fmt"
	"hash/crc32"
)

// The last member of every small file is its checksum: the CRC-32C of the object
// without that member, in 8 hexadecimal digits. A file without the member was
// written by an earlier program, and is not checked.
const sumMember = `,"crc":"`

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// addSum adds the checksum to a JSON object that has a member.
func addSum(object []byte) []byte {
	sum := fmt.Sprintf("%08x", crc32.Checksum(object, castagnoli))
	return append(bytes.Clone(object[:len(object)-1]), sumMember+sum+`"}`...)
}

// checkSum says what is wrong with the text of a small file; "" = nothing, or the
// text has no checksum.
func checkSum(text []byte) (problem string) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	at := len(text) - len(sumMember+`01234567"}`)
	if at < 0 || string(text[at:at+len(sumMember)]) != sumMember {
		return ""
	}
	if object := append(bytes.Clone(text[:at]), '}'); !bytes.Equal(addSum(object), text) {
		return "was damaged (its checksum is wrong)"
	}
	return ""
}
