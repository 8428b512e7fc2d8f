//go:build !unix

package procfs

import "os"

// ListDir returns the names in a directory, in no order.
func ListDir(path string) (names []string) {
	dir, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ = dir.Readdirnames(-1) // what can be read, as on other systems
	return names
}
