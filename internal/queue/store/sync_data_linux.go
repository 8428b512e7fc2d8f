package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData syncs the data of a file with fdatasync. It returns os.ErrClosed when
// another goroutine has closed the file.
func syncData(f *os.File) error {
	conn, err := f.SyscallConn() // keeps the descriptor open during the call
	if err != nil {
		return err
	}
	var fault error
	if conn.Control(func(fd uintptr) {
		for {
			if fault = unix.Fdatasync(int(fd)); !errors.Is(fault, unix.EINTR) {
				return
			}
		}
	}) != nil {
		return os.ErrClosed // Control fails only for a closed file
	}
	return os.NewSyscallError("fdatasync", fault)
}
