package store

import (
	"fmt"
	"os"
)

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

// GoneError reports that another program has removed, renamed or replaced a file or
// the directory while they were used. Nothing can be stored any more: Open would
// not find it.
type GoneError struct {
	What    string // "the task file" or "the state directory"
	Path    string
	Problem string // such as "was removed or renamed"
}

// Error names the file or the directory, and says what to do.
func (e *GoneError) Error() string {
	return fmt.Sprintf("%s %s %s while the initiator (pid %d) ran; put it back if it was renamed, otherwise save the tasks with `initiator task export FILE`, stop the initiator with `initiator shutdown`, start it again, and use `initiator task import FILE`", e.What, e.Path, e.Problem, os.Getpid())
}
