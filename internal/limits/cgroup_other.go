//go:build !linux

package limits

// Cgroups exist on Linux only.

func openCgroupTree(string) *CgroupTree { return withoutCgroups("only Linux has cgroups") }

func ownCgroupDelegated() bool { return false }

// KillExcept does nothing: there are no cgroups.
func (c *CgroupTree) KillExcept([]string) {}

func (c *CgroupTree) remove() {}
