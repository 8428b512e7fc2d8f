package trustedpath

import (
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Reach follows the symbolic links of an absolute path, and returns the first path
// on the way for which is reports true, such as one in /dev. Ok is false when there
// is none, when a link belongs to another user, or when a directory cannot be opened.
func Reach(path string, is func(path string) bool) (reached string, ok bool) {
	r := resolver{until: is}
	at, err := r.resolve(path)
	if err != nil {
		return "", false
	}
	_ = unix.Close(at.dir) // nothing was written
	return r.reached, r.reached != ""
}

// hasReached reports whether the path that remains is the one that Reach looks for,
// and stores that path. While a ".." remains, the path is not known.
func (r *resolver) hasReached() bool {
	if r.until == nil || slices.Contains(r.rest, "..") {
		return false
	}
	rest := slices.Clone(r.rest)
	slices.Reverse(rest)
	path := filepath.Join(r.walked, filepath.Join(rest...))
	if !r.until(path) {
		return false
	}
	r.reached = path
	return true
}
