package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func syncData(f *os.File) error {
	conn, err := f.SyscallConn() // another goroutine may close it meanwhile
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
		return os.ErrClosed // there is no other reason
	}
	return os.NewSyscallError("fdatasync", fault)
}
