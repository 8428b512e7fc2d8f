package store

import "fmt"

// VersionError says that a file was written in a format that is not known here.
type VersionError struct {
	Path    string
	Version uint32
}

// Error says what to do about it.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d, and this initiator reads up to version %d: start the newer initiator that wrote it, or move all tasks.*.log away to begin with an empty queue; nothing was touched", e.Path, e.Version, Version)
}

// DamageError says that something which was on the disk is no longer there.
type DamageError struct {
	Path string
	At   int64
}

// Error says what is safe to move away, and what that costs.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: the disk did not keep what it had confirmed. Restore it from a copy; or move this file away, which costs the tasks in it and no others. Nothing was touched", e.Path, e.At)
}
