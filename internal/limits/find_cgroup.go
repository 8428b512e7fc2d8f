package limits

import (
	"path/filepath"
	"strings"
)

// findCgroup returns the directory of the cgroup v2 of a process, from the text of
// its /proc/PID/cgroup and /proc/PID/mountinfo; "" = no mount shows the cgroup.
func findCgroup(cgroups, mounts string) string {
	path, found := cgroupPath(cgroups)
	if !found {
		return ""
	}
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		f := strings.Fields(before)
		if !strings.HasPrefix(after, "cgroup2 ") || len(f) < 5 {
			continue
		}
		if below, inside := cutDirectory(path, unescapeMount(f[3])); inside {
			return filepath.Join(unescapeMount(f[4]), below)
		}
	}
	return ""
}

// cgroupPath returns the path of the cgroup v2: the line of hierarchy 0.
func cgroupPath(cgroups string) (path string, found bool) {
	_, path, found = strings.Cut("\n"+cgroups, "\n0::")
	path, _, _ = strings.Cut(path, "\n")
	return path, found
}

// cutDirectory returns the part of path below the directory root. /ab is not below
// /a.
func cutDirectory(path, root string) (below string, inside bool) {
	below, inside = strings.CutPrefix(path, strings.TrimSuffix(root, "/"))
	return below, inside && (below == "" || below[0] == '/')
}

// unescapeMount replaces the escapes of mountinfo (proc_pid_mountinfo(5)): a blank,
// a tab, a line feed and a backslash are a backslash and three octal digits.
func unescapeMount(field string) string {
	return mountEscapes.Replace(field)
}

var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
