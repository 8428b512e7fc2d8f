package procfs

// ParseDigits reads decimal digits up to the first other byte; -1 when there
// are none.
func ParseDigits(b []byte) int {
	n := -1
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = max(n, 0)*10 + int(c-'0')
	}
	return n
}
