package limits

import (
	"fmt"

	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// Limiter completes spawn orders. It remembers what it has looked up for a
// definition, so that a thousand workers of one definition cost one look-up.
type Limiter struct {
	users      map[string]identity
	warned     map[string]bool // by definition
	cgroupBase string          // of tree; "" = the initiator's own cgroup
	tree       *CgroupTree     // nil until a worker needs it
}

// New returns a Limiter that creates cgroups below cgroupBase; "" = below the
// initiator's own cgroup.
func New(cgroupBase string) *Limiter {
	return &Limiter{users: map[string]identity{}, warned: map[string]bool{}, cgroupBase: cgroupBase}
}

// OpenIfDelegated creates the cgroup tree at once when systemd has delegated the
// initiator's cgroup to it: every worker then gets a cgroup.
func (l *Limiter) OpenIfDelegated() {
	if ownCgroupDelegated() {
		l.openTree()
	}
}

// openTree creates the cgroup tree on the first call. It waits for the first
// worker that needs a cgroup, because it may move the initiator's processes.
func (l *Limiter) openTree() *CgroupTree {
	if l.tree == nil {
		l.tree = openCgroupTree(l.cgroupBase)
	}
	return l.tree
}

// Cgroups returns the cgroup tree; nil = it was not needed yet.
func (l *Limiter) Cgroups() *CgroupTree { return l.tree }

// Close removes the cgroup tree. A cgroup in which a process still lives stays;
// the next initiator removes it.
func (l *Limiter) Close() {
	if l.tree != nil {
		l.tree.remove()
	}
}

// Prepare looks up the user of a definition. The first call for a definition
// also returns a sentence about its limits that are not in force; "" = all are
// in force, or an earlier call has returned the sentence.
func (l *Limiter) Prepare(spec *plan.Spec) (unenforced string, err error) {
	want := spec.Limits
	if len(cgroupLimits(want)) > 0 && !l.warned[spec.Name] {
		l.warned[spec.Name] = true
		unenforced = l.openTree().unenforced(want)
	}
	if _, known := l.users[want.User]; known || want.User == "" {
		return unenforced, nil
	}
	id, err := lookUpUser(want.User)
	if err != nil {
		return unenforced, fmt.Errorf("user %s: %w", want.User, err)
	}
	l.users[want.User] = id
	return unenforced, nil
}

// Apply writes the limits, the user and the cgroup of a worker into its order.
// Prepare must have succeeded for the definition.
func (l *Limiter) Apply(order *keeper.SpawnOrder, spec *plan.Spec) {
	want := spec.Limits
	order.Umask, order.Nice, order.NoFile, order.Core = want.Umask, want.Nice, want.NoFile, want.Core
	l.AssignCgroup(order, spec)
	if want.User == "" {
		return
	}
	id := l.users[want.User]
	order.SetUser, order.UID, order.GID, order.Groups = true, id.uid, id.gid, id.groups
}

// AssignCgroup writes the cgroup of a process into its order, named after the
// order's GUID and incarnation. The order gets none when neither the definition
// nor the machine's set-up asks for a cgroup.
func (l *Limiter) AssignCgroup(order *keeper.SpawnOrder, spec *plan.Spec) {
	if l.tree != nil || l.cgroupBase != "" || len(cgroupLimits(spec.Limits)) > 0 {
		l.openTree().assign(order, spec.Limits)
	}
}
