//go:build !linux

package worker

// residentBytes returns 0, which means unknown: other systems report the
// largest size so far, or need cgo.
func residentBytes() int64 { return 0 }
