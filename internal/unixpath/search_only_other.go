//go:build !linux

package unixpath

import "os"

const searchOnly = os.O_RDONLY
