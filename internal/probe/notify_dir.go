package probe

import (
	"os"
	"path/filepath"
)

// notifyParent returns the directory below which notify sockets are created:
// preferred, or fallback when only other users cannot enter preferred. A private
// TMPDIR of root would hide the socket from a worker that has given up root.
func notifyParent(preferred, fallback string) string {
	if !openToAll(preferred) && openToAll(fallback) {
		return fallback
	}
	return preferred
}

// openToAll reports whether every user can enter a directory: the directory and
// all directories above it.
func openToAll(dir string) bool {
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
