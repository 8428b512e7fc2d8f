//go:build !linux

package worker

// residentBytes is 0, not known: other systems tell the largest size ever, or
// want cgo.
func residentBytes() int64 { return 0 }
