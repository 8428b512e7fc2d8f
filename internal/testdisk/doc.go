// Package testdisk makes small file systems of their own for tests, which fill
// up and hang. It needs Linux, root, loop devices, mkfs.ext4 and fsfreeze.
package testdisk

// Files:
//
//	testdisk_linux.go       Disk: a file system in a file, mounted, filled and frozen
//	stalled_write_linux.go  StalledWrite: a write that hangs without such a file system
