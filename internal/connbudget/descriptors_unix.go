//go:build unix

package connbudget

import "golang.org/x/sys/unix"

// DescriptorLimit returns the number of descriptors that this process may have
// open (RLIMIT_NOFILE). Go has raised it to the hard limit at the start of the
// process.
func DescriptorLimit() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 1024
	}
	return uint64(r.Cur)
}
