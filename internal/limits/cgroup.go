package limits

import (
	"fmt"
	"path/filepath"
	"strings"

	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// CgroupTree is the branch of the cgroup v2 tree below which workers start. It
// does not change after it was opened, so that any goroutine may use it.
type CgroupTree struct {
	dir string // "" = there is none
	// everyWorker: the tree was delegated to the initiator, so that each worker
	// gets a cgroup, by which a process that escapes from it is found.
	// Otherwise only a worker with a limit gets one.
	everyWorker bool
	// missing holds, for each controller that is not in force, the reason.
	missing map[string]string
}

// cpuPeriod is the kernel's default period of cpu.max, in microseconds.
const cpuPeriod = 100_000

// cgroupLimit is one limit of a definition that only a cgroup can enforce.
type cgroupLimit struct{ key, controller, setting string }

// cgroupLimits lists the limits of a definition that need a cgroup.
func cgroupLimits(want plan.Limits) (list []cgroupLimit) {
	if want.MemoryMax > 0 {
		list = append(list, cgroupLimit{"memory_max", "memory", fmt.Sprintf("memory.max=%d", want.MemoryMax)})
	}
	if want.CPUMax > 0 {
		list = append(list, cgroupLimit{"cpu_max", "cpu", fmt.Sprintf("cpu.max=%.0f %d", max(want.CPUMax*cpuPeriod, 1000), cpuPeriod)})
	}
	if want.PidsMax > 0 {
		list = append(list, cgroupLimit{"pids_max", "pids", fmt.Sprintf("pids.max=%d", want.PidsMax)})
	}
	return list
}

// settings returns what the keeper writes into the cgroup of a worker. When
// memory runs out, the kernel kills the whole worker: a worker that has lost
// some of its processes would go on in a broken state.
func (c *CgroupTree) settings(want plan.Limits) (list []string) {
	for _, b := range cgroupLimits(want) {
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

// unenforced returns a sentence about the limits that are not in force; "" = all
// are in force.
func (c *CgroupTree) unenforced(want plan.Limits) string {
	var reasons, parts []string
	keys := map[string][]string{}
	for _, b := range cgroupLimits(want) {
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

// assign gives a process a cgroup of its own, with its limits.
func (c *CgroupTree) assign(order *keeper.SpawnOrder, want plan.Limits) {
	order.CgroupDir, order.CgroupSet = "", nil
	set := c.settings(want)
	if c.dir == "" || !c.everyWorker && len(set) == 0 {
		return
	}
	order.CgroupDir = filepath.Join(c.dir, fmt.Sprintf("%s.%d", order.GUID, order.Incarnation))
	order.CgroupSet = set
}

// withoutCgroups returns a tree in which all controllers are missing for the
// same reason.
func withoutCgroups(why string) *CgroupTree {
	return &CgroupTree{missing: map[string]string{"memory": why, "cpu": why, "pids": why}}
}
