package supervise

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalNumber returns the number of a signal, which is named with or without
// SIG or given as a number. A name that the plan has refused already gives
// SIGTERM.
func signalNumber(name string) int {
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return n
	}
	if n := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); n != 0 {
		return int(n)
	}
	return int(syscall.SIGTERM)
}
