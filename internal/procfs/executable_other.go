//go:build !linux && !darwin

package procfs

// Executable returns "", which means unknown.
func Executable(int) string { return "" }
