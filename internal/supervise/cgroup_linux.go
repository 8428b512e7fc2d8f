package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// openCgroups makes our branch below base, or, with "", below the cgroup that
// we live in ourselves, and enables the controllers there.
//
// The kernel allows controllers below a cgroup only when no process is in it
// (its root excepted). So we move ourselves and what we have started into a
// leaf of it, as systemd asks of a manager that a tree is delegated to. Where
// a stranger lives in it too, or systemd has not delegated it, nothing is
// touched.
func openCgroups(base string) *cgroups {
	given := base != ""
	if !given {
		var why string
		if base, why = ownCgroup(); why != "" {
			return none(why)
		}
	}
	own := delegated(base)
	if !given && !own && underSystemd() {
		return none("systemd has not delegated " + base + " to it: write Delegate=yes in its unit")
	}
	c := &cgroups{dir: filepath.Join(base, "initiator-"+strconv.Itoa(os.Getpid())), all: own || given, missing: map[string]string{}}
	sweepCgroups(base)
	if err := os.Mkdir(c.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return none(fmt.Sprintf("cannot make a cgroup (%v): give it a cgroup of its own, as a unit with Delegate=yes", err))
	}
	c.enable(base)
	return c
}

// enable passes the controllers on from base to the workers' cgroups.
func (c *cgroups) enable(base string) {
	have := words(filepath.Join(base, "cgroup.controllers"))
	for _, name := range without(controllers, have) {
		c.lack([]string{name}, absence(name, base))
	}
	have = without(controllers, without(controllers, have))
	err := passOn(base, have)
	if errors.Is(err, unix.EBUSY) {
		if err = stepAside(base); err == nil {
			err = passOn(base, have)
		}
	}
	if err == nil {
		err = passOn(c.dir, have)
	}
	if err != nil {
		c.lack(have, err.Error())
	}
}

// passOn enables controllers for what is below dir.
func passOn(dir string, names []string) error {
	missing := without(names, words(filepath.Join(dir, "cgroup.subtree_control")))
	if len(missing) == 0 {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+strings.Join(missing, " +")), 0)
}

// stepAside moves all processes of a cgroup into a leaf of it, when all are
// our own.
func stepAside(base string) error {
	leaf := filepath.Join(base, "initiator")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	pids := words(filepath.Join(base, "cgroup.procs"))
	for _, pid := range pids {
		if !descends(pid) {
			_ = os.Remove(leaf)
			return fmt.Errorf("process %s lives in %s too: give the initiator a cgroup of its own, as a unit with Delegate=yes", pid, base)
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

// descends reports whether a process is ours: this one, or below it.
func descends(pid string) bool {
	for range 1000 {
		if pid == strconv.Itoa(os.Getpid()) {
			return true
		}
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if err != nil || len(fields) < 2 {
			return errors.Is(err, os.ErrNotExist) // it has ended meanwhile
		}
		if pid = string(fields[1]); pid == "0" {
			return false
		}
	}
	return false
}

// ownCgroup is the directory of the cgroup v2 that this process lives in, or
// why there is none.
func ownCgroup() (dir, why string) {
	text, _ := os.ReadFile("/proc/self/cgroup")
	_, path, found := strings.Cut("\n"+string(text), "\n0::")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	path, _, _ = strings.Cut(path, "\n")
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		f := strings.Fields(before)
		if !found || !strings.HasPrefix(after, "cgroup2 ") || len(f) < 5 {
			continue
		}
		if below, inside := strings.CutPrefix(path, strings.TrimSuffix(f[3], "/")); inside {
			return filepath.Join(f[4], below), ""
		}
	}
	return "", "no cgroup v2 is mounted on this machine"
}

// absence says why a controller is not there.
func absence(name, base string) string {
	table, _ := os.ReadFile("/proc/cgroups")
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == name && f[1] != "0" {
			return "cgroup v1 has the " + name + " controller on this machine: boot with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all)"
		}
	}
	return "the " + name + " controller is not given to " + base + ": enable it in the cgroup.subtree_control above"
}

// delegated reports whether systemd has marked a cgroup as handed over.
func delegated(dir string) bool {
	var mark [8]byte
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		if n, err := unix.Getxattr(dir, name, mark[:]); err == nil && string(mark[:n]) == "1" {
			return true
		}
	}
	return false
}

func underSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// sweepCgroups removes the empty branches of initiators that were killed.
func sweepCgroups(base string) {
	left, _ := filepath.Glob(filepath.Join(base, "initiator-[0-9]*"))
	for _, dir := range left {
		if _, err := os.Stat("/proc/" + strings.TrimPrefix(filepath.Base(dir), "initiator-")); err != nil {
			prune(dir)
		}
	}
}

// empty kills all that lives in the branch, after the keeper died that would
// have done so, but for the cgroups of those who survive it, and removes those
// that are empty already.
func (c *cgroups) empty(spare []string) {
	below, _ := os.ReadDir(c.dir)
	for _, e := range below {
		if dir := filepath.Join(c.dir, e.Name()); e.IsDir() && !slices.Contains(spare, dir) {
			_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
			_ = os.Remove(dir)
		}
	}
}

// close removes the branch as far as nothing lives there: what does is kept
// for the next initiator, which sweeps when it is over.
func (c *cgroups) close() {
	if c.dir != "" {
		prune(c.dir)
	}
}

// prune removes a branch. The kernel refuses what is not empty, rightly.
func prune(dir string) {
	below, _ := os.ReadDir(dir)
	for _, e := range below {
		if e.IsDir() {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}

func words(path string) []string {
	text, _ := os.ReadFile(path)
	return slices.Collect(strings.FieldsSeq(string(text)))
}

// delegatedSelf reports whether the cgroup that we live in was handed over.
func delegatedSelf() bool {
	dir, why := ownCgroup()
	return why == "" && delegated(dir)
}
