//go:build !unix

package worker

// closeOnExec does nothing where a keeper passes no descriptors.
func closeOnExec(int) {}

// sameFile returns false where a keeper passes no descriptors.
func sameFile(int, fileID) bool { return false }
