package proactor

import (
	"bytes"
	"fmt"
	"testing"

	"initiator/internal/testlength"
)

// large is a document of about 10 MB (2 MB with the race detector) with many keys in
// one section, which a quadratic reader would take minutes for, and many sections.
func large(sections int) []byte {
	var b bytes.Buffer
	b.WriteString("[many]\n")
	for i := range sections * 3 / 2 {
		fmt.Fprintf(&b, "key%d = some value %d\n", i, i)
	}
	for i := range sections {
		fmt.Fprintf(&b, "[section%d]\nx = ${many:key%d}\n  and another line\n", i, i)
	}
	return b.Bytes()
}

func TestTenMegabytesAreRead(t *testing.T) {
	sections := 100_000
	if testlength.RaceDetector {
		sections = 20_000
	}
	doc := large(sections)
	c, err := ParseConfig("large.ini", doc)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := c.Get(fmt.Sprintf("section%d", sections-1), "x")
	if want := fmt.Sprintf("some value %d\nand another line", sections-1); got != want || err != nil {
		t.Errorf("Get = %q, %v; want %q", got, err, want)
	}
	if n := len(c.Sections()); n != sections+1 {
		t.Errorf("%d sections, want %d", n, sections+1)
	}
}

func BenchmarkParse(b *testing.B) {
	doc := large(100_000)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := ParseConfig("large.ini", doc); err != nil {
			b.Fatal(err)
		}
	}
}
