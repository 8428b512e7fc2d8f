//go:build !linux

package supervise

// sweep can find nothing where the environment of other processes cannot be
// read: what escaped a lost keeper lives on.
func sweep([]string, []int) []string { return nil }
