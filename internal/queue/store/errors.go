package store

import "fmt"

// VersionError reports a segment whose version this package does not know.
type VersionError struct {
	Path    string
	Version uint32
}

// Error names the file, its version and what to do.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d, and this initiator reads up to version %d: start the newer initiator that wrote it, or move all tasks.*.log away to begin with an empty queue; no file was changed", e.Path, e.Version, Version)
}

// DamageError reports that the disk lost data which it had confirmed as synced.
type DamageError struct {
	Path string
	At   int64 // position of the first byte that is wrong
}

// Error names the file, and says what is safe to do and what it costs.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: the disk lost data that it had confirmed. Restore this file from a copy, or move it away, which loses the tasks in it and no other tasks. No file was changed", e.Path, e.At)
}
