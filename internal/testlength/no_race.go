//go:build !race

package testlength

// RaceDetector reports whether the tests run with the race detector, which takes
// several times the memory.
const RaceDetector = false
