package proactor

import (
	"bytes"
	"fmt"
	"testing"
)

// large is a document of about 10 MB with many keys in one section, which a
// quadratic reader would take minutes for, and many sections.
func large() []byte {
	var b bytes.Buffer
	b.WriteString("[many]\n")
	for i := range 150_000 {
		fmt.Fprintf(&b, "key%d = some value %d\n", i, i)
	}
	for i := range 100_000 {
		fmt.Fprintf(&b, "[section%d]\nx = ${many:key%d}\n  and another line\n", i, i)
	}
	return b.Bytes()
}

func TestTenMegabytesAreRead(t *testing.T) {
	doc := large()
	c, err := ParseConfig("large.ini", doc)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := c.Get("section99999", "x")
	if want := "some value 99999\nand another line"; got != want || err != nil {
		t.Errorf("Get = %q, %v; want %q", got, err, want)
	}
	if n := len(c.Sections()); n != 100_001 {
		t.Errorf("%d sections, want 100001", n)
	}
}

func BenchmarkParse(b *testing.B) {
	doc := large()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := ParseConfig("large.ini", doc); err != nil {
			b.Fatal(err)
		}
	}
}
