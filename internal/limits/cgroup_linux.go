package limits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// openCgroupTree creates the initiator's branch below base and enables the
// controllers there. With base "", it uses the initiator's own cgroup.
//
// The kernel allows controllers below a cgroup only when the cgroup itself holds
// no process (the root is excepted). So the initiator and its descendants move
// into a leaf, as systemd asks of a manager to which it delegates a tree. When a
// foreign process lives in the cgroup too, or systemd has not delegated it,
// nothing is changed.
func openCgroupTree(base string) *CgroupTree {
	given := base != ""
	if !given {
		var why string
		if base, why = ownCgroup(); why != "" {
			return withoutCgroups(why)
		}
	}
	own := isDelegated(base)
	if !given && !own && runsUnderSystemd() {
		return withoutCgroups("systemd has not delegated " + base + " to the initiator: write Delegate=yes in its unit")
	}
	c := &CgroupTree{dir: filepath.Join(base, "initiator-"+strconv.Itoa(os.Getpid())), everyWorker: own || given, missing: map[string]string{}}
	removeStaleCgroups(base)
	if err := os.Mkdir(c.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return withoutCgroups(fmt.Sprintf("cannot create a cgroup (%v): give the initiator a cgroup of its own, for example by a unit with Delegate=yes", err))
	}
	c.enableControllers(base)
	return c
}

// enableControllers enables the controllers of base for the workers' cgroups.
func (c *CgroupTree) enableControllers(base string) {
	have := readWords(filepath.Join(base, "cgroup.controllers"))
	for _, name := range exclude(controllers, have) {
		c.setMissing([]string{name}, missingReason(name, base))
	}
	have = exclude(controllers, exclude(controllers, have))
	err := enableBelow(base, have)
	if errors.Is(err, unix.EBUSY) {
		if err = moveIntoLeaf(base); err == nil {
			err = enableBelow(base, have)
		}
	}
	if err == nil {
		err = enableBelow(c.dir, have)
	}
	if err != nil {
		c.setMissing(have, err.Error())
	}
}

// enableBelow enables controllers for the children of a cgroup.
func enableBelow(dir string, names []string) error {
	missing := exclude(names, readWords(filepath.Join(dir, "cgroup.subtree_control")))
	if len(missing) == 0 {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+strings.Join(missing, " +")), 0)
}

// moveIntoLeaf moves all processes of a cgroup into a leaf, if every process is
// the initiator's own.
func moveIntoLeaf(base string) error {
	leaf := filepath.Join(base, "initiator")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	pids := readWords(filepath.Join(base, "cgroup.procs"))
	for _, pid := range pids {
		if !isOwnProcess(procfs.ParseDigits([]byte(pid))) {
			_ = os.Remove(leaf)
			return fmt.Errorf("process %s lives in %s too: give the initiator a cgroup of its own, for example by a unit with Delegate=yes", pid, base)
		}
	}
	for _, pid := range pids {
		err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(pid), 0)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// isOwnProcess reports whether a process is this process or one of its
// descendants. A process that has ended in the meantime counts as one.
func isOwnProcess(pid int) bool {
	for range 1000 {
		if pid == os.Getpid() {
			return true
		}
		p, ok := procfs.ReadStat(pid)
		if !ok {
			return true
		}
		if pid = p.Parent; pid == 0 {
			return false
		}
	}
	return false
}

// ownCgroup returns the directory of the cgroup v2 of this process, or the
// reason why there is none.
func ownCgroup() (dir, why string) {
	cgroups, _ := os.ReadFile("/proc/self/cgroup")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	if dir = findCgroup(string(cgroups), string(mounts)); dir == "" {
		why = "no cgroup v2 is mounted on this machine"
	}
	return dir, why
}

// missingReason returns why a controller is not available in a cgroup.
func missingReason(name, base string) string {
	table, _ := os.ReadFile("/proc/cgroups")
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == name && f[1] != "0" {
			return "cgroup v1 has the " + name + " controller on this machine: boot with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all)"
		}
	}
	return "the " + name + " controller is not enabled for " + base + ": enable it in the cgroup.subtree_control above"
}

// isDelegated reports whether systemd has marked a cgroup as delegated.
func isDelegated(dir string) bool {
	var mark [8]byte
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		if n, err := unix.Getxattr(dir, name, mark[:]); err == nil && string(mark[:n]) == "1" {
			return true
		}
	}
	return false
}

func runsUnderSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// removeStaleCgroups removes the empty branches of initiators that were killed.
func removeStaleCgroups(base string) {
	staleCgroups, _ := filepath.Glob(filepath.Join(base, "initiator-[0-9]*"))
	for _, dir := range staleCgroups {
		if _, err := os.Stat("/proc/" + strings.TrimPrefix(filepath.Base(dir), "initiator-")); err != nil {
			removeBranch(dir)
		}
	}
}

// KillExcept kills every process in the tree, except in the cgroups of spare,
// and removes the cgroups that are empty already. It is called after the keeper
// has died: spare are the cgroups of workers that outlive the keeper. A nil
// tree has no processes.
func (c *CgroupTree) KillExcept(spare []string) {
	if c == nil {
		return
	}
	below, _ := os.ReadDir(c.dir)
	for _, e := range below {
		if dir := filepath.Join(c.dir, e.Name()); e.IsDir() && !slices.Contains(spare, dir) {
			_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
			_ = os.Remove(dir)
		}
	}
}

// remove removes the tree's cgroups that hold no process. The next initiator
// removes the rest.
func (c *CgroupTree) remove() {
	if c.dir != "" {
		removeBranch(c.dir)
	}
}

// removeBranch removes a cgroup and its children. The kernel refuses to remove a
// cgroup that holds a process, and such a cgroup must stay.
func removeBranch(dir string) {
	below, _ := os.ReadDir(dir)
	for _, e := range below {
		if e.IsDir() {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}

func readWords(path string) []string {
	text, _ := os.ReadFile(path)
	return slices.Collect(strings.FieldsSeq(string(text)))
}

// ownCgroupDelegated reports whether systemd has delegated this process's
// cgroup.
func ownCgroupDelegated() bool {
	dir, why := ownCgroup()
	return why == "" && isDelegated(dir)
}

// setMissing notes why controllers are not in force. An earlier reason stays.
func (c *CgroupTree) setMissing(controllers []string, why string) {
	for _, name := range controllers {
		if c.missing[name] == "" {
			c.missing[name] = why
		}
	}
}

// controllers are the cgroup controllers that the limits need.
var controllers = []string{"memory", "cpu", "pids"}

// exclude returns list without the elements of excluded.
func exclude(list, excluded []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(excluded, s) })
}
