//go:build !linux

package store

// countLinks returns the number of links of an open file.
func countLinks(fd int) (uint64, error) { return statLinks(fd) }
