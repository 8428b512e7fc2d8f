//go:build !linux

package supervise

// Cgroups exist on Linux only.

func openCgroups(string) *cgroups { return none("only Linux has cgroups") }

func delegatedSelf() bool { return false }

func (c *cgroups) empty([]string) {}
func (c *cgroups) close()         {}
