package limits

import (
	"fmt"

	"initiator/internal/keeper"
	"initiator/internal/logs"
	"initiator/internal/plan"
)

// Limiter completes spawn orders. It remembers what it has looked up for a
// definition, so that a thousand workers of one definition cost one look-up.
type Limiter struct {
	users      map[string]identity
	cgroupBase string      // of tree; "" = the initiator's own cgroup
	tree       *CgroupTree // nil until a worker needs it
}

// New returns a Limiter that creates cgroups below cgroupBase; "" = below the
// initiator's own cgroup.
func New(cgroupBase string) *Limiter {
	return &Limiter{users: map[string]identity{}, cgroupBase: cgroupBase}
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

// Prepare looks up the users of a definition. It also returns a sentence about the
// limits of its cgroup that are not in force; "" = all are in force.
func (l *Limiter) Prepare(spec *plan.Spec) (unenforced string, err error) {
	want := spec.Limits
	if len(cgroupLimits(want)) > 0 {
		unenforced = l.openTree().unenforced(want)
	}
	if _, err := l.userNamed(want.User); err != nil {
		return unenforced, fmt.Errorf("user %s: %w", want.User, err)
	}
	if _, err := l.userNamed(spec.LogFiles.Owner); err != nil {
		return unenforced, fmt.Errorf("logfile_owner %s: %w", spec.LogFiles.Owner, err)
	}
	return unenforced, nil
}

// userNamed looks up a user, once. The identity of "" is empty.
func (l *Limiter) userNamed(name string) (identity, error) {
	id, known := l.users[name]
	if known || name == "" {
		return id, nil
	}
	id, err := lookUpUser(name)
	if err == nil {
		l.users[name] = id
	}
	return id, err
}

// UserVariables returns the variables that describe the user of a worker: HOME,
// LOGNAME, SHELL and USER. There are none without the key user, for a user who is
// not known, and in a supervisord.conf, where the variables stay those of the
// initiator.
func (l *Limiter) UserVariables(spec *plan.Spec) []plan.Entry {
	id, err := l.userNamed(spec.Limits.User)
	if spec.Limits.User == "" || err != nil || spec.FromSupervisord {
		return nil
	}
	return []plan.Entry{{Key: "HOME", Value: id.home}, {Key: "LOGNAME", Value: id.name}, {Key: "SHELL", Value: id.shell}, {Key: "USER", Value: id.name}}
}

// LogAccess returns the permissions and the owner of a definition's new logs. An
// owner who is not known is left out.
func (l *Limiter) LogAccess(files plan.LogFiles) logs.Access {
	id, err := l.userNamed(files.Owner)
	return accessFor(files, id, err == nil && files.Owner != "")
}

// LogAccess returns the permissions and the owner of new logs.
func LogAccess(files plan.LogFiles) (logs.Access, error) {
	if files.Owner == "" {
		return accessFor(files, identity{}, false), nil
	}
	id, err := lookUpUser(files.Owner)
	if err != nil {
		return logs.Access{}, fmt.Errorf("logfile_owner %s: %w", files.Owner, err)
	}
	return accessFor(files, id, true), nil
}

func accessFor(files plan.LogFiles, owner identity, owned bool) logs.Access {
	a := logs.Access{Mode: files.Mode, Exact: files.Mode != 0 && !files.UnderUmask}
	if owned {
		a.Owned, a.UID, a.GID = true, owner.uid, owner.gid
	}
	return a
}

// Apply writes the limits, the user and the cgroup of a worker into its order. The
// order must not be used after an error, because it has no user.
func (l *Limiter) Apply(order *keeper.SpawnOrder, spec *plan.Spec) error {
	want := spec.Limits
	order.Umask, order.Nice, order.NoFile, order.Core = want.Umask, want.Nice, want.NoFile, want.Core
	order.NoNewPrivs = want.NoNewPrivs
	l.AssignCgroup(order, spec)
	if want.User == "" {
		return nil
	}
	id, err := l.userNamed(want.User)
	if err != nil {
		return fmt.Errorf("user %s: %w", want.User, err)
	}
	order.SetUser, order.UID, order.GID, order.Groups = true, id.uid, id.gid, id.groups
	return nil
}

// AssignCgroup writes the cgroup of a process into its order, named after the
// order's GUID and incarnation. The order gets none when neither the definition
// nor the machine's set-up asks for a cgroup.
func (l *Limiter) AssignCgroup(order *keeper.SpawnOrder, spec *plan.Spec) {
	if l.tree != nil || l.cgroupBase != "" || len(cgroupLimits(spec.Limits)) > 0 {
		l.openTree().assign(order, spec.Limits)
	}
}
