//go:build !linux

package keeper

import "errors"

// Cgroups exist on Linux only.

func makeCgroup(s *SpawnOrder) ([]error, error) {
	if s.CgroupDir != "" {
		return nil, errors.New("cgroups exist on Linux only")
	}
	return nil, nil
}

func killCgroup(string)          {}
func removeCgroup(string) bool   { return true }
func cgroupMembers(string) []int { return nil }
func oomKills(string) int        { return 0 }
