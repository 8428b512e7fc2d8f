package procfs

import "math"

// ParseDigits reads decimal digits up to the first other byte; -1 when there
// are none. A number that is too large for an int is the largest int.
func ParseDigits(b []byte) int {
	n := -1
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = max(n, 0)
		if digit := int(c - '0'); n > (math.MaxInt-digit)/10 {
			n = math.MaxInt
		} else {
			n = n*10 + digit
		}
	}
	return n
}
