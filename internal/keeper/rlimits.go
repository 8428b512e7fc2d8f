package keeper

import "golang.org/x/sys/unix"

// rlimit is a resource limit that a process gets after its start.
type rlimit struct {
	key      string // the key of the INI, for people
	resource int
	value    uint64
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
