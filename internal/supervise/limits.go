package supervise

import (
	"fmt"
	"os/user"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// limits remembers what was looked up for a spec, so that a thousand workers
// of it do not look it up a thousand times. The loop owns it.
type limits struct {
	users    map[string]identity
	patterns map[string]*regexp.Regexp
	warned   map[string]bool
	base     string   // of tree; "" = our own cgroup
	tree     *cgroups // nil until somebody needs it
}

type identity struct {
	uid, gid uint32
	groups   []uint32
}

func newLimits(base string) *limits {
	return &limits{users: map[string]identity{}, patterns: map[string]*regexp.Regexp{}, warned: map[string]bool{}, base: base}
}

// cgroups opens the tree when a worker is to be born in it, so that nobody is
// moved who has asked for nothing.
func (l *limits) cgroups() *cgroups {
	if l.tree == nil {
		l.tree = openCgroups(l.base)
	}
	return l.tree
}

// close gives the tree back.
func (l *limits) close() {
	if l.tree != nil {
		l.tree.close()
	}
}

// born says whether workers of a spec are born in a cgroup.
func (l *limits) born(spec *plan.Spec) bool {
	return l.tree != nil || l.base != "" || len(bounds(spec.Limits)) > 0
}

// prepare looks up the user, and says once which limits are not in force.
func (l *limits) prepare(spec *plan.Spec, log hclog.Logger) error {
	want := spec.Limits
	if len(bounds(want)) > 0 && !l.warned[spec.Name] {
		l.warned[spec.Name] = true
		if lacking := l.cgroups().unenforced(want); lacking != "" {
			log.Warn(lacking, "worker", spec.Name)
		}
	}
	if _, known := l.users[want.User]; known || want.User == "" {
		return nil
	}
	id, err := lookUser(want.User)
	if err != nil {
		return fmt.Errorf("user %s: %w", want.User, err)
	}
	l.users[want.User] = id
	return nil
}

// apply puts the limits into the keeper's order.
func (l *limits) apply(order *keeper.SpawnOrder, spec *plan.Spec) {
	want := spec.Limits
	order.Umask, order.Nice, order.NoFile, order.Core = want.Umask, want.Nice, want.NoFile, want.Core
	l.room(order, spec)
	if want.User == "" {
		return
	}
	id := l.users[want.User]
	order.SetUser, order.UID, order.GID, order.Groups = true, id.uid, id.gid, id.groups
}

// room gives a process its cgroup, named after the process.
func (l *limits) room(order *keeper.SpawnOrder, spec *plan.Spec) {
	if l.born(spec) {
		l.cgroups().birthplace(order, spec.Limits)
	}
}

// lookUser resolves "user" or "user:group", by name or by number.
func lookUser(name string) (identity, error) {
	name, group, named := strings.Cut(name, ":")
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			return identity{}, fmt.Errorf("no such user on this machine: create it, or name another")
		}
	}
	var id identity
	if id.uid, err = number(u.Uid); err != nil {
		return id, err
	}
	if id.gid, err = number(u.Gid); err != nil {
		return id, err
	}
	if named {
		id.gid, err = lookGroup(group)
		return id, err
	}
	all, err := u.GroupIds()
	for _, g := range all {
		if n, err := number(g); err == nil {
			id.groups = append(id.groups, n)
		}
	}
	return id, err
}

func lookGroup(name string) (uint32, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		if g, err = user.LookupGroupId(name); err != nil {
			return 0, fmt.Errorf("no such group %s on this machine: create it, or name another", name)
		}
	}
	return number(g.Gid)
}

func number(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}

// pattern compiles once; nil for one that does not compile, which the plan
// has refused already.
func (l *limits) pattern(text string) *regexp.Regexp {
	re, ok := l.patterns[text]
	if !ok {
		re, _ = regexp.Compile(text)
		l.patterns[text] = re
	}
	return re
}

// signalNumber reads a name with or without SIG, or a number; 15 when it is
// none, which the plan has refused already.
func signalNumber(name string) int {
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return n
	}
	if n := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); n != 0 {
		return int(n)
	}
	return int(syscall.SIGTERM)
}
