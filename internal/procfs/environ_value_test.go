package procfs

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

// FuzzEnvironValue: the value is that of the first entry NAME=value, as another
// reader finds it.
func FuzzEnvironValue(f *testing.F) {
	f.Add("A=1\x00B=2\x00A=3\x00", "A")
	f.Add("A", "A")
	f.Add("=x\x00AB=1", "")
	f.Add("A==\x00\x00", "A")
	f.Fuzz(func(t *testing.T, environ, name string) {
		if strings.ContainsAny(name, "=\x00") {
			return // no variable has such a name
		}
		want := ""
		for _, entry := range strings.Split(environ, "\x00") {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				want = value
				break
			}
		}
		if got := EnvironValue([]byte(environ), name); got != want {
			t.Errorf("%q in %q: %q, want %q", name, environ, got, want)
		}
	})
}

// FuzzParseDigits: a number that is too large is the largest, and none is
// negative.
func FuzzParseDigits(f *testing.F) {
	for _, text := range []string{"", "0", "12x", "x", "9223372036854775807", "9223372036854775808", "99999999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
		want := -1
		if digits != "" {
			n, _ := new(big.Int).SetString(digits, 10)
			if want = math.MaxInt; n.Cmp(big.NewInt(math.MaxInt)) < 0 {
				want = int(n.Int64())
			}
		}
		if got := ParseDigits([]byte(text)); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	})
}
