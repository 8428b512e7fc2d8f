package logs

import (
	"os"
	"strconv"
)

// Rotate moves a log away before the next is begun: Path to Path.1, Path.1 to
// Path.2 and so on, up to so many backups; the oldest is removed. With no
// backups the log is removed. A file that cannot be moved stays, and the next
// log is appended to it. A process that has the file open must open Path again.
func Rotate(path string, backups int) {
	name := func(n int) string {
		if n == 0 {
			return path
		}
		return path + "." + strconv.Itoa(n)
	}
	for n := backups; n > 0; n-- {
		_ = os.Rename(name(n-1), name(n))
	}
	if backups == 0 {
		_ = os.Remove(path)
	}
}
