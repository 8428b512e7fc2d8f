//go:build unix

package worker

import "golang.org/x/sys/unix"

// closeOnExec keeps a descriptor from the programs that this process starts.
func closeOnExec(fd int) { unix.CloseOnExec(fd) }

// sameFile reports whether a descriptor is the file with this identity.
func sameFile(fd int, id fileID) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && uint64(st.Dev) == id.dev && st.Ino == id.ino
}
