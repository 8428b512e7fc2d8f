package store

import (
	"errors"
	"syscall"
)

// isDamagedDisk reports that a read failed because the disk has lost the bytes. Any
// other error of a read, such as that of a network, can pass.
func isDamagedDisk(err error) bool { return errors.Is(err, syscall.EIO) }
