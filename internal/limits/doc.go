// Package limits gives a worker's process its user, its resource limits and its
// cgroup.
//
// A [Limiter] completes the spawn orders of one initiator: [Limiter.Prepare]
// looks up the user and reports limits that the machine cannot enforce,
// [Limiter.Apply] and [Limiter.AssignCgroup] write the result into the order.
// The keeper carries the order out. One goroutine owns a Limiter.
package limits

// Files, in the order in which data travels:
//
//	limiter.go       Limiter: completes spawn orders
//	user.go          looks up "user" and "user:group"
//	cgroup.go        CgroupTree: which limits it enforces, and with which settings
//	find_cgroup.go   where the cgroup of a process is mounted
//	cgroup_linux.go  creates, delegates and removes the branch of the cgroup tree
//	cgroup_other.go  systems without cgroups
//	limitstest       a cgroup for tests
