package logs

import (
	"path/filepath"
	"strconv"

	"initiator/internal/trustedpath"
)

// Rotate moves a log away before the next is begun: Path to Path.1, Path.1 to
// Path.2 and so on, up to so many backups; the oldest is removed. With no
// backups the log is removed. A file that cannot be moved stays, and the next
// log is appended to it. A process that has the file open must open Path again.
// All files are moved within one open directory, which no link of another user
// has led to. Path is absolute.
func Rotate(path string, backups int) {
	dir, err := trustedpath.OpenDirOf(path)
	if err != nil {
		return
	}
	defer dir.Close()
	name := func(n int) string {
		if n == 0 {
			return filepath.Base(path)
		}
		return filepath.Base(path) + "." + strconv.Itoa(n)
	}
	for n := backups; n > 0; n-- {
		_ = dir.Rename(name(n-1), name(n))
	}
	if backups == 0 {
		_ = dir.Remove(name(0))
	}
}
