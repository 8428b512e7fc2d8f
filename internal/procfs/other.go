//go:build !linux

package procfs

// ReadStat finds nothing: this system gives a process no name that is never
// used again.
func ReadStat(int) (Process, bool) { return Process{}, false }

// ListPIDs returns nothing.
func ListPIDs() []int { return nil }

// CommandName returns "", which means unknown.
func CommandName(int) string { return "" }

// CommandLine returns "", which means unknown.
func CommandLine(int) string { return "" }

// Arguments returns nothing, which means unknown.
func Arguments(int) []string { return nil }

// ResidentMemory returns 0, which means unknown: other systems report the
// largest size so far, or need cgo.
func ResidentMemory(int) int64 { return 0 }

// RealtimeLimit returns 0, which means unknown: this system has no such limit.
func RealtimeLimit(int) uint64 { return 0 }

// LastPID returns 0, which means unknown.
func LastPID() int { return 0 }

// ReadEnvironment returns nothing: this system does not show it.
func ReadEnvironment(int) []byte { return nil }

// AwaitEnvironment returns nothing: this system does not show it.
func AwaitEnvironment(int) []byte { return nil }

// ChildLister finds no children.
type ChildLister struct{}

// ChildrenOf returns nothing.
func (*ChildLister) ChildrenOf(int) []int { return nil }

// AdoptedChildren returns nothing.
func (*ChildLister) AdoptedChildren() []int { return nil }

// Forget does nothing.
func (*ChildLister) Forget() {}
