package contentcoding

import (
	"slices"
	"strconv"
	"strings"
)

// The names of the codings. HTTP knows gzip and zstd, which are spelled as in
// the header Content-Encoding. Zlib is the format of Python's module zlib,
// with which users of toto compress; HTTP has no usable name for it.
const (
	None = "none"
	Gzip = "gzip"
	Zstd = "zstd"
	Zlib = "zlib"
)

// All lists the codings.
var All = []string{None, Gzip, Zstd, Zlib}

// Parse returns the coding that a Content-Encoding header names; a header
// without a value names None. ok is false for an unknown coding.
func Parse(header string) (coding string, ok bool) {
	switch coding := strings.ToLower(strings.TrimSpace(header)); coding {
	case "", "identity":
		return None, true
	case "x-gzip":
		return Gzip, true
	case Gzip, Zstd:
		return coding, true
	}
	return "", false
}

// Accepts reports whether an Accept-Encoding header names the coding with a
// weight above 0.
func Accepts(header, coding string) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(item string) bool {
		name, weight, weighted := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			return false
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return !weighted || err == nil && q > 0
	})
}
