package port

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestParseTable(t *testing.T) {
	t.Parallel()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the rows below were read on a little-endian machine")
	}
	text := header +
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n" +
		"   1: 00000000000000000000000001000000:C000 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 18446744073709551615 1 0 100 0 0 10 0\n" +
		"   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 7\n" +
		" 100: 0100007F:1F90 0100007F:9C40 06 00000000:00000000 03:00001756 00000000     0        0 0 3 0000000000000000\n"
	want := []tcpSocket{
		{netip.MustParseAddrPort("127.0.0.1:8080"), stateListen, 12345},
		{netip.MustParseAddrPort("[::1]:49152"), stateListen, 1<<64 - 1},
		{netip.MustParseAddrPort("[::ffff:127.0.0.1]:80"), 1, 7},
		{netip.MustParseAddrPort("127.0.0.1:8080"), 6, 0},
	}
	var got []tcpSocket
	must(t, parseTable([]byte(text), func(s tcpSocket) bool {
		got = append(got, s)
		return true
	}))
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseTableStopsWhenTold(t *testing.T) {
	t.Parallel()
	row := "   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 12345\n"
	n := 0
	must(t, parseTable([]byte(header+row+row), func(tcpSocket) bool { n++; return false }))
	if n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestParseTableRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]string{
		"too short":       "0: 0100007F:1F90 00000000:0000 0A",
		"short address":   "0: 0100:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"no port":         "0: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"address not hex": "0: 0100007G:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"port not hex":    "0: 0100007F:1F9X 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"state not hex":   "0: 0100007F:1F90 00000000:0000 XX 0:0 0:0 0 0 0 1",
		"inode negative":  "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 -1",
	} {
		t.Run(name, func(t *testing.T) {
			err := parseTable([]byte(header+row+"\n"), func(tcpSocket) bool { return true })
			if err == nil || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("got %v, want an error of line 2", err)
			}
		})
	}
}

// FuzzParseTable: no text causes a panic, and a row always has an address and a
// port.
func FuzzParseTable(f *testing.F) {
	f.Add([]byte(header + "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 12345\n"))
	f.Add([]byte(header + "0: 0000000000000000FFFF00000100007F:0050 0:0 01 0:0 0:0 0 0 0 7"))
	f.Add([]byte("\n\n0:"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows := 0
		_ = parseTable(text, func(s tcpSocket) bool {
			if !s.local.IsValid() {
				t.Errorf("row without address: %+v", s)
			}
			rows++
			return true
		})
		if lines := strings.Count(string(text), "\n"); rows > lines {
			t.Errorf("%d rows in %d lines", rows, lines+1)
		}
	})
}

func TestReachedSocketsAgreeWithTheKernel(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"127.0.0.1": {"127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::"},
		"0.0.0.0":   {"127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::"},
		"::1":       {"::1", "::"},
		"::":        {"::1", "::"},
	}
	for addr, want := range tests {
		var got []string
		for _, ip := range localAddresses(netip.MustParseAddr(addr)) {
			got = append(got, ip.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
}
