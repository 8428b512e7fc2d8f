package lifecycle

import (
	"fmt"
)

// IsLastingErrno reports whether waiting does not heal a system error of a
// spawn, which is named as in C, for example "ENOENT". The name "" and errors
// for lack of memory, processes or descriptors are healed by waiting.
func IsLastingErrno(name string) bool {
	switch name {
	case "ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG", // the program, its interpreter or its directory
		"EACCES", "EPERM", // the permission
		"ENOEXEC", "EINVAL", "E2BIG": // the program itself, or its arguments
		return true
	}
	return false
}

// EndCause says why the initiator ends a process. It decides what follows the
// end.
type EndCause int

const (
	endedItself       EndCause = iota // the process ended without an order: the restart policy decides
	endedToStop                       // a stop: not a death
	endedToRestart                    // a restart or a recycling: not a death
	endedStartTimeout                 // start_timeout: the restart policy decides
	endedUnhealthy                    // unhealthy: the restart policy decides
)

var causeNames = [...]string{"itself", "stop", "restart", "slow", "sick"}

// MarshalText returns the stored name: the number may change in a later
// version.
func (c EndCause) MarshalText() ([]byte, error) { return []byte(causeNames[c]), nil }

// UnmarshalText reads a name that MarshalText has written.
func (c *EndCause) UnmarshalText(text []byte) error {
	for n, name := range causeNames {
		if name == string(text) {
			*c = EndCause(n)
			return nil
		}
	}
	return fmt.Errorf("cause %q is not known", text)
}
