package procfs

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// Executable returns the path of the program that a process runs; "" when it has
// ended, or belongs to another user. The kernel's answer begins with the number
// of arguments (4 bytes), and the path follows.
func Executable(pid int) string {
	text, err := unix.SysctlRaw("kern.procargs2", pid)
	if err != nil || len(text) < 4 {
		return ""
	}
	name, _, _ := bytes.Cut(text[4:], []byte{0})
	return string(name)
}
