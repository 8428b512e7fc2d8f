package port

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

// stateListen is TCP_LISTEN of the kernel's include/net/tcp_states.h.
const stateListen = 0x0A

// tcpSocket is one row of /proc/net/tcp or tcp6.
type tcpSocket struct {
	local netip.AddrPort // ::ffff:1.2.3.4 is kept as it stands: see localAddresses
	state uint8
	inode uint64 // 0 for TIME_WAIT: no process has it
}

// The columns of proc(5), counted after splitting at blanks.
const (
	columnLocal = 1
	columnState = 3
	columnInode = 9
)

var errRow = errors.New("not a row of the kernel's socket table")

// parseTable calls each for every row of the text of /proc/net/tcp or tcp6,
// until it returns false. The first line holds the names of the columns.
func parseTable(text []byte, each func(tcpSocket) bool) error {
	number := 0
	for line := range bytes.Lines(text) {
		if number++; number == 1 || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		sock, err := parseRow(line)
		if err != nil {
			return fmt.Errorf("read socket table: line %d: %w", number, err)
		}
		if !each(sock) {
			return nil
		}
	}
	return nil
}

func parseRow(line []byte) (tcpSocket, error) {
	var column [columnInode + 1][]byte
	if !splitColumns(line, column[:]) {
		return tcpSocket{}, errRow
	}
	local, err := parseAddress(column[columnLocal])
	if err != nil {
		return tcpSocket{}, err
	}
	state, err := strconv.ParseUint(string(column[columnState]), 16, 8)
	if err != nil {
		return tcpSocket{}, errRow
	}
	inode, err := strconv.ParseUint(string(column[columnInode]), 10, 64)
	if err != nil {
		return tcpSocket{}, errRow
	}
	return tcpSocket{local: local, state: uint8(state), inode: inode}, nil
}

// splitColumns fills column with the first words of line; false when there are fewer.
func splitColumns(line []byte, column [][]byte) bool {
	n := 0
	for word := range bytes.FieldsSeq(line) {
		if column[n] = word; n == len(column)-1 {
			return true
		}
		n++
	}
	return false
}

// parseAddress reads "0100007F:1F90": 32-bit words in the machine's own byte
// order, then the port.
func parseAddress(text []byte) (netip.AddrPort, error) {
	host, portText, ok := bytes.Cut(text, []byte(":"))
	if !ok || (len(host) != 8 && len(host) != 32) || len(portText) != 4 {
		return netip.AddrPort{}, errRow
	}
	var raw [16]byte
	n, err := hex.Decode(raw[:], host)
	if err != nil {
		return netip.AddrPort{}, errRow
	}
	for word := raw[:n]; len(word) > 0; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	number, err := strconv.ParseUint(string(portText), 16, 16)
	if err != nil {
		return netip.AddrPort{}, errRow
	}
	ip := netip.AddrFrom16(raw)
	if n == 4 {
		ip = netip.AddrFrom4([4]byte(raw[:4]))
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}
