//go:build !linux

package store

import "os"

// syncData syncs a file where there is no fdatasync.
func syncData(f *os.File) error { return f.Sync() }
