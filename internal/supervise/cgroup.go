package supervise

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// cgroups is the branch of the cgroup v2 tree below which workers are born. It
// never changes once it was opened.
type cgroups struct {
	dir string // "" = there is none
	// all: somebody has delegated the tree to us, so that each worker gets a
	// cgroup, by which everything that escapes from it is known. Otherwise
	// only those that have a limit do.
	all bool
	// missing says of each controller that is not in force why.
	missing map[string]string
}

// cpuPeriod is what the kernel takes for cpu.max by default, in microseconds.
const cpuPeriod = 100_000

// bound is one of a spec's limits that only a cgroup can set.
type bound struct{ key, controller, setting string }

// bounds are those that a spec asks for.
func bounds(want plan.Limits) (list []bound) {
	if want.MemoryMax > 0 {
		list = append(list, bound{"memory_max", "memory", fmt.Sprintf("memory.max=%d", want.MemoryMax)})
	}
	if want.CPUMax > 0 {
		list = append(list, bound{"cpu_max", "cpu", fmt.Sprintf("cpu.max=%.0f %d", max(want.CPUMax*cpuPeriod, 1000), cpuPeriod)})
	}
	if want.PidsMax > 0 {
		list = append(list, bound{"pids_max", "pids", fmt.Sprintf("pids.max=%d", want.PidsMax)})
	}
	return list
}

// settings is what the keeper writes into the cgroup of a worker. When the
// kernel has to kill for want of memory it kills the whole worker: one of
// which only a part was shot would go on as a ruin.
func (c *cgroups) settings(want plan.Limits) (list []string) {
	for _, b := range bounds(want) {
		if c.missing[b.controller] != "" {
			continue
		}
		list = append(list, b.setting)
		if b.controller == "memory" {
			list = append(list, "memory.oom.group=1")
		}
	}
	return list
}

// unenforced is the sentence about the limits that are not in force; "" = all
// are.
func (c *cgroups) unenforced(want plan.Limits) string {
	var reasons, parts []string
	keys := map[string][]string{}
	for _, b := range bounds(want) {
		why := c.missing[b.controller]
		if why == "" {
			continue
		}
		if keys[why] == nil {
			reasons = append(reasons, why)
		}
		keys[why] = append(keys[why], b.key)
	}
	for _, why := range reasons {
		verb := " is"
		if len(keys[why]) > 1 {
			verb = " are"
		}
		parts = append(parts, strings.Join(keys[why], " and ")+verb+" not in force: "+why)
	}
	return strings.Join(parts, "; ")
}

// birthplace puts a process into a cgroup of its own, with its limits.
func (c *cgroups) birthplace(order *keeper.SpawnOrder, want plan.Limits) {
	order.CgroupDir, order.CgroupSet = "", nil
	set := c.settings(want)
	if c.dir == "" || !c.all && len(set) == 0 {
		return
	}
	order.CgroupDir = filepath.Join(c.dir, fmt.Sprintf("%s.%d", order.GUID, order.Incarnation))
	order.CgroupSet = set
}

// none is the absence of all controllers, for one reason.
func none(why string) *cgroups {
	return &cgroups{missing: map[string]string{"memory": why, "cpu": why, "pids": why}}
}

// lack notes why controllers are not in force, where nothing is known yet.
func (c *cgroups) lack(controllers []string, why string) {
	for _, name := range controllers {
		if c.missing[name] == "" {
			c.missing[name] = why
		}
	}
}

// controllers are those that limits need.
var controllers = []string{"memory", "cpu", "pids"}

func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(gone, s) })
}
