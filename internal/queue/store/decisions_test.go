package store

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestJudgeHeader(t *testing.T) {
	good := (&segment{number: 3, version: 2, before: 2, beforeEnd: 99}).encodeHeader()
	change := func(at int, b byte) []byte {
		c := bytes.Clone(good)
		c[at] = b
		return c
	}
	for name, test := range map[string]struct {
		head   []byte
		newer  uint32
		reason string
	}{
		"good":            {good, 0, ""},
		"empty":           {nil, 0, "is empty"},
		"zeros":           {make([]byte, 40), 0, "begins with zeros"},
		"short":           {good[:39], 0, "only 39 bytes"},
		"foreign":         {change(0, 'X'), 0, "does not begin as a task file"},
		"changed":         {change(17, 'X'), 0, "checksum"},
		"changed version": {change(8, 3), 0, "checksum"},
		"another number":  {(&segment{number: 4, version: 2}).encodeHeader(), 0, "of file 4"},
		"version 1":       {(&segment{number: 3, version: 1}).encodeHeader(), 0, ""},
		"version 0":       {(&segment{number: 3}).encodeHeader(), 0, "version 0"},
		"a newer version": {(&segment{number: 3, version: 3}).encodeHeader(), 3, ""},
	} {
		if v := judgeHeader(test.head, 3); v.newer != test.newer || !strings.Contains(v.reason, test.reason) || (v.reason == "") != (test.reason == "") {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestJudgeHole(t *testing.T) {
	always, interval := Sync{}, Sync{Every: time.Second}
	for _, test := range []struct {
		name     string
		hole     hole
		newest   bool
		knownEnd int64
		sync     Sync
		want     holeVerdict
		reason   string
	}{
		{"the end of the newest file", hole{from: 100}, true, 0, always, tornEnd, "or the disk has lost it"},
		{"behind the known end", hole{from: 100}, true, 100, always, tornEnd, "incomplete"},
		{"before the known end", hole{from: 100}, true, 101, always, lostData, "the end of the file is missing"},
		{"before the known end, with records behind", hole{from: 100, goodBehind: true}, true, 101, always, lostData, "changed"},
		{"in the last batch", hole{from: 100, goodBehind: true}, true, 0, always, tornEnd, "incomplete"},
		{"before a mark", hole{from: 100, goodBehind: true, markBehind: true}, true, 0, always, lostData, "changed"},
		{"before a mark without syncs", hole{from: 100, goodBehind: true, markBehind: true}, true, 0, interval, lostData, "loss of power"},
		{"in an older file", hole{from: 100, goodBehind: true}, false, 0, interval, lostData, "changed"},
		{"the end of an older file", hole{from: 100}, false, 0, always, lostData, "end of the file is missing"},
		{"bytes that the disk cannot read", hole{from: 100, readErr: syscall.EIO}, true, 0, always, lostData, "cannot read"},
	} {
		if v, reason := judgeHole(test.hole, test.newest, test.knownEnd, test.sync); v != test.want || !strings.Contains(reason, test.reason) {
			t.Errorf("%s: %v, %q", test.name, v, reason)
		}
	}
}

func TestLinkSegments(t *testing.T) {
	seg := func(number, before uint32) segmentFacts {
		return segmentFacts{number: number, before: before, beforeEnd: 100 * int64(before)}
	}
	bad := func(number uint32) segmentFacts { return segmentFacts{number: number, noHeader: true} }
	for name, test := range map[string]struct {
		all  []segmentFacts
		want string // number, role and end of each
	}{
		"none":                              {nil, "[]"},
		"one":                               {[]segmentFacts{seg(1, 0)}, "[1 counts newest]"},
		"a chain":                           {[]segmentFacts{seg(1, 0), seg(2, 1), seg(3, 2)}, "[1 counts 100 2 counts 200 3 counts newest]"},
		"the oldest was removed":            {[]segmentFacts{seg(2, 1), seg(3, 2)}, "[2 counts 200 3 counts newest]"},
		"one in the middle is missing":      {[]segmentFacts{seg(1, 0), seg(3, 2)}, "[1 counts 2 missing 200 3 counts newest]"},
		"one whose only batch failed":       {[]segmentFacts{seg(1, 0), seg(2, 1), seg(3, 1)}, "[1 counts 100 2 abandoned 3 counts newest]"},
		"the same without a header":         {[]segmentFacts{seg(1, 0), bad(2), seg(3, 1)}, "[1 counts 100 2 abandoned 3 counts newest]"},
		"one without a header":              {[]segmentFacts{seg(1, 0), bad(2), seg(3, 2)}, "[1 counts 2 counts 200 3 counts newest]"},
		"the newest without a header":       {[]segmentFacts{seg(1, 0), bad(2)}, "[1 counts 2 counts newest]"},
		"a newest that names no other file": {[]segmentFacts{seg(1, 0), seg(2, 0)}, "[1 counts 2 counts newest]"},
	} {
		var got []string
		for _, l := range linkSegments(test.all) {
			got = append(got, fmt.Sprint(l.number), []string{"counts", "abandoned", "missing"}[l.role])
			if l.end > 0 {
				got = append(got, fmt.Sprint(l.end))
			}
			if l.newest {
				got = append(got, "newest")
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}

// FuzzShiftSum compares the checksum of two parts with the checksum of the whole.
func FuzzShiftSum(f *testing.F) {
	f.Add([]byte("one"), []byte("two"))
	f.Add([]byte{}, make([]byte, 1000))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		want := crc32.Checksum(append(bytes.Clone(a), b...), castagnoli)
		if got := shiftSum(crc32.Checksum(a, castagnoli), len(b)) ^ crc32.Checksum(b, castagnoli); got != want {
			t.Errorf("%08x, want %08x", got, want)
		}
	})
}

// FuzzJudgeHeader judges any bytes, and takes no other header for a good one.
func FuzzJudgeHeader(f *testing.F) {
	good := &segment{number: 1, version: 2, before: 7, beforeEnd: 70}
	f.Add(good.encodeHeader())
	f.Add([]byte("INITASKS"))
	f.Fuzz(func(t *testing.T, head []byte) {
		head = head[:min(len(head), headerSize)]
		v := judgeHeader(head, 1)
		if v.reason != "" || v.newer > 0 {
			return
		}
		var s segment
		if s.decodeHeader(head); s.version < 1 || s.version > Version {
			t.Errorf("%+v", &s)
		}
	})
}

// FuzzParseMark reads any bytes as a mark and as a gap at a position.
func FuzzParseMark(f *testing.F) {
	f.Add(appendMark(nil, 1, 40, markSynced), int64(40))
	f.Add(encodeGap(1, 40, 100), int64(40))
	f.Fuzz(func(t *testing.T, b []byte, at int64) {
		if flags, ok := parseMark(b, 1, at); ok && !bytes.Equal(appendMark(nil, 1, at, flags), b[:markSize]) {
			t.Errorf("%x is a mark", b)
		}
		if len(b) < recordHead {
			return
		}
		if size, ok := parseGap(b, 1, at); ok && !bytes.Equal(encodeGap(1, at, size), b[:recordHead]) {
			t.Errorf("%x is a gap", b)
		}
	})
}

// FuzzKnownEnd reads any bytes as the file of the known end.
func FuzzKnownEnd(f *testing.F) {
	f.Add(knownEnd{3, 400}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if k := parseKnownEnd(b); k != (knownEnd{}) && !bytes.Equal(k.encode(), b) {
			t.Errorf("%x is %+v", b, k)
		}
	})
}
