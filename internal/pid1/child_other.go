//go:build !linux

package pid1

import "syscall"

// adoptOrphans does nothing: here orphans go to process 1 only.
func adoptOrphans() error { return nil }

// childAttributes returns the attributes of the child: a process group of its
// own.
func childAttributes(foreground bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Foreground: foreground, Ctty: 0}
}
