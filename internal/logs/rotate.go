package logs

import (
	"os"
	"strconv"
)

// Rotate moves a log out of the way of the next one: Path to Path.1, that to
// Path.2 and so on, and the last of so many backups away. With none the log is
// removed. What cannot be moved stays, and is what the next one goes on with.
// Whoever has the file open opens Path anew.
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
