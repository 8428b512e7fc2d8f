package proactor

import (
	"strings"
	"testing"

	"initiator/internal/testlength"
)

// scanDocument runs the pass over the lines that comes before go-ini.
func scanDocument(t *testing.T, doc string) *scanner {
	t.Helper()
	lines, faults := splitLines("test.ini", []byte(doc))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s := newScanner("test.ini")
	for _, l := range lines {
		s.scanLine(l)
	}
	return s
}

// The pass before go-ini must not split a key from its value: then go-ini could
// be removed unnoticed.
func TestGoINIIsTheOnlySourceOfKeysAndValues(t *testing.T) {
	t.Parallel()
	s := scanDocument(t, "[a]\nx = 1\n  2\ny: 3\nz\n")
	if len(s.statements) != 3 {
		t.Fatalf("%d statements, want 3", len(s.statements))
	}
	for _, st := range s.statements {
		if st.key.Name != "" || st.key.Raw != "" {
			t.Errorf("%q has the key %+v before go-ini has read it", st.lines, st.key)
		}
	}
	if err := readStatements(s.statements); err != nil {
		t.Fatal(err)
	}
	for i, want := range []Key{
		{Name: "x", Raw: "1\n2", Valued: true, File: "test.ini", Line: 2},
		{Name: "y", Raw: "3", Valued: true, File: "test.ini", Line: 4},
		{Name: "z", File: "test.ini", Line: 5},
	} {
		if got := s.statements[i].key; got != want {
			t.Errorf("key %d is %+v, want %+v", i, got, want)
		}
	}
}

// A value of many lines must not cost the square of its lines.
func TestAValueOfAMillionLinesIsRead(t *testing.T) {
	t.Parallel()
	lines := 1_000_000
	if testlength.RaceDetector {
		lines = 200_000
	}
	c := mustParse(t, "[a]\nx = 0\n"+strings.Repeat(" line\n", lines))
	value, _, err := c.Get("a", "x")
	if n := strings.Count(value, "\n"); n != lines || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}
