package probe

import "testing"

func TestMatchReturnsTheFirstMatchingLine(t *testing.T) {
	t.Parallel()
	var l Lines
	for _, c := range []struct {
		pattern, want string
		found         bool
	}{
		{"ready", "ready one", true},
		{"^two", "", false},
		{"(", "", false}, // does not compile
	} {
		if line, found := l.Match(c.pattern, []string{"starting", "ready one", "ready two"}); line != c.want || found != c.found {
			t.Errorf("%q: %q, %t", c.pattern, line, found)
		}
	}
}
