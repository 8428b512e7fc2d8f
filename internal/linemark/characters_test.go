package linemark

import "testing"

// A piece ends with a whole character, if there is any.
func TestWholeCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "ab": 2, "a\u20ac": 4, "a\xe2\x82": 1, "a\xf0\x9f\x98": 1, "\xe2": 0, "a\x82": 2, "a\xff": 2, "\x82\x82\x82\x82": 4,
	} {
		if got := WholeCharacters([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
