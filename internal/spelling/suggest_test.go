package spelling

import "testing"

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"slot", []string{"replicas", "slots"}, `did you mean "slots"?`},
		{"colour", []string{"replicas", "slots"}, "known names: replicas, slots"},
		{"x", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, "known names: a, b, c, d, e, f, g, h and 2 more"},
		{"x", nil, ""},
	} {
		if got := Suggest(c.word, c.known); got != c.want {
			t.Errorf("Suggest(%q) = %s, want %s", c.word, got, c.want)
		}
	}
}
