package keeper

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// rlimit is a resource limit of a new process.
type rlimit struct {
	Key      string // of the INI
	Resource int
	Value    uint64
}

// unsetSetting says that a setting of an order is not in force.
type unsetSetting struct {
	Key     string // of the INI
	Problem string
}

func (u unsetSetting) Error() string { return u.Problem }

// unset says why the limit is not in force.
func (r rlimit) unset(why error) unsetSetting {
	return unsetSetting{r.Key, fmt.Sprintf("%s = %d is not in force: %v", r.Key, r.Value, why)}
}

// unsetNice says why the priority of an order is not in force.
func unsetNice(nice int, why error) unsetSetting {
	return unsetSetting{"nice", fmt.Sprintf("nice = %d is not in force: %v", nice, why)}
}

// rlimits returns the resource limits that the order asks for.
func (s *SpawnOrder) rlimits() (list []rlimit) {
	if s.NoFile > 0 {
		list = append(list, rlimit{"limit_nofile", unix.RLIMIT_NOFILE, s.NoFile})
	}
	if s.Core != nil {
		list = append(list, rlimit{"limit_core", unix.RLIMIT_CORE, *s.Core})
	}
	return list
}
