package unixpath

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// maxPath is how many bytes of a path a unix socket address holds on Linux.
const maxPath = 107

// WithShortPath calls f with path, or with a shorter path to the same file when
// a socket address does not hold path. The shorter path leads through a
// descriptor of the directory and is valid during the call only. Systems
// without such paths get path as it is. The error is f's, or says why the
// directory cannot be opened.
func WithShortPath(path string, f func(short string) error) error {
	if len(path) <= maxPath || runtime.GOOS != "linux" {
		return f(path)
	}
	dir, err := os.OpenFile(filepath.Dir(path), searchOnly, 0) // a user of the socket may be unable to list its directory
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}
