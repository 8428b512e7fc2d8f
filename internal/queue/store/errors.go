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

// DamageError reports bytes of an old segment that are no record, found while the
// store is in use. The next Open skips them.
type DamageError struct {
	Path string
	At   int64 // position of the first byte that is wrong
	Err  error // of the disk; nil = the bytes can be read
}

// Error names the file, the position and what the next start does.
func (e *DamageError) Error() string {
	text := fmt.Sprintf("%s is damaged at byte %d", e.Path, e.At)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + ": the next start skips the damaged bytes and reads everything else"
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

// Unwrap returns the error of the disk.
func (e *DamageError) Unwrap() error { return e.Err }
